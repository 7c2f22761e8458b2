#pragma once

#include "app/studio/studio.h"

#include <QObject>
#include <QTimer>

namespace facet::app {

/// Uses the window as a person would, for `./dev run` where there is no display: drops the demo's picture on
/// the composer, types the first question, presses Return, waits for the answer. Prints it with its speed,
/// leaves pictures of the window, and ends the program: with 1 and a sentence if something went wrong.
class DemoSession final : public QObject {
    Q_OBJECT

public:
    /// `folder` gets the pictures. `studio` must outlive this object.
    DemoSession(Studio& studio, QString folder);

    void begin();

private:
    void attachAndAsk();
    void follow();
    void finish();
    void fail(const QString& sentence);
    bool save(const QString& name);

    Studio& m_studio;
    QString m_folder;
    QTimer m_limit;
    bool m_hasAsked = false;
    bool m_isStreamSaved = false;
};

}  // namespace facet::app
