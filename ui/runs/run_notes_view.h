#pragma once

#include "core/run/observed_run.h"

#include <QTimer>
#include <QWidget>

#include <filesystem>

class QLineEdit;
class QPlainTextEdit;

namespace facet::ui {

/// What the user writes about a run: its name, tags and notes. Written half a second after the last key.
class RunNotesView final : public QWidget {
    Q_OBJECT

public:
    explicit RunNotesView(QWidget* parent = nullptr);
    ~RunNotesView() override;

    /// Another run, or none.
    void show(const core::ObservedRun* run);

    /// The same run as it is now: others may write notes.json, too.
    void follow(const core::ObservedRun& run);

Q_SIGNALS:
    void written();
    void failed(const QString& sentence);

private:
    core::RunNotes notes() const;
    void write();

    core::RunFolder m_folder;
    std::string m_jobName;    // the run's name where the user gave none
    core::RunNotes m_stored;  // as the fields were filled or written last
    QLineEdit* m_name;
    QLineEdit* m_tags;
    QPlainTextEdit* m_text;
    QTimer m_delay;
    bool m_isShowing = false;
    bool m_isWriting = false;
};

}  // namespace facet::ui
