#pragma once

#include <QLocalServer>
#include <QObject>

namespace facet::ui {

/// Lets one window per user and library run. A second start asks the first to come forward, and ends.
class SingleInstance final : public QObject {
    Q_OBJECT

public:
    /// `place` is the library's folder: another FACET_HOME is another instance.
    explicit SingleInstance(const QString& place, QObject* parent = nullptr);

    /// True if this is the first. Else the first one has been told.
    ///
    /// Thread  waits up to half a second for the other's answer.
    bool claim();

Q_SIGNALS:
    void calledAgain();

private:
    QString m_name;
    QLocalServer m_server;
};

}  // namespace facet::ui
