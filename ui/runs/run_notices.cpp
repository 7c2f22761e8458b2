#include "ui/runs/run_notices.h"

#include "ui/runs/run_words.h"
#include "ui/widgets/toast.h"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>

namespace facet::ui {

RunNotices::RunNotices(RunList& runs, QWidget& window, QObject* parent)
    : QObject(parent), m_runs(runs), m_window(window)
{
    connect(&m_runs, &RunList::ended, this, &RunNotices::tell);
}

void RunNotices::tell(const QString& path)
{
    const core::ObservedRun* run = m_runs.find(path);
    if (!run)
        return;
    const QString title =
        QStringLiteral("%1: %2").arg(QString::fromStdString(run->name), words::condition(*run));
    const QString detail = words::secondLine(*run);
    const auto tellInWindow = [this, title, detail, icon = words::iconOf(run->condition)] {
        Toast::show(&m_window, {icon, title, detail, {}, {}});
    };
    const QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected()) {
        tellInWindow();
        return;
    }
    const QString service = QStringLiteral("org.freedesktop.Notifications");
    QDBusMessage call = QDBusMessage::createMethodCall(
        service, QStringLiteral("/org/freedesktop/Notifications"), service, QStringLiteral("Notify"));
    const bool isGood =
        run->condition == core::RunCondition::Done || run->condition == core::RunCondition::Stopped;
    call << QStringLiteral("Facet") << 0U
         << (isGood ? QStringLiteral("dialog-information") : QStringLiteral("dialog-warning")) << title
         << detail.toHtmlEscaped() << QStringList() << QVariantMap() << -1;
    auto* answer = new QDBusPendingCallWatcher(bus.asyncCall(call), this);
    connect(answer, &QDBusPendingCallWatcher::finished, this, [answer, tellInWindow] {
        answer->deleteLater();
        if (answer->isError())
            tellInWindow();
    });
}

}  // namespace facet::ui
