#include "ui/runs/run_words.h"

#include "ui/models/words.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

#include <cmath>

namespace facet::ui::words {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("words", text);
}

QString ago(double time)
{
    const QDateTime then = QDateTime::fromSecsSinceEpoch(static_cast<qint64>(time));
    const qint64 days = then.date().daysTo(QDate::currentDate());
    const QLocale english(QLocale::English);
    if (days == 0)
        return tr("today %1").arg(english.toString(then, QStringLiteral("HH:mm")));
    return days == 1 ? tr("yesterday") : english.toString(then.date(), QStringLiteral("d MMM"));
}

QString steps(const core::ObservedRun& run)
{
    return run.numSteps > 0 ? tr("step %1 of %2").arg(integer(run.step), integer(run.numSteps))
                            : tr("step %1").arg(integer(run.step));
}

}  // namespace

QString duration(double seconds)
{
    const qint64 whole = std::isfinite(seconds) ? static_cast<qint64>(std::max(0.0, std::round(seconds))) : 0;
    if (whole < 60)
        return tr("%1 s").arg(whole);
    if (whole < 3600)
        return tr("%1 min").arg(whole / 60);
    if (whole < 86400)
        return tr("%1 h %2 min").arg(whole / 3600).arg(whole / 60 % 60, 2, 10, QLatin1Char('0'));
    return tr("%1 d %2 h").arg(whole / 86400).arg(whole / 3600 % 24);
}

QString condition(const core::ObservedRun& run)
{
    switch (run.condition) {
        case core::RunCondition::Starting:
            return tr("starting");
        case core::RunCondition::Running:
            return tr("running");
        case core::RunCondition::Saving:
            return tr("saving");
        case core::RunCondition::Done:
            return tr("finished");
        case core::RunCondition::Stopped:
            return tr("paused");
        case core::RunCondition::Failed:
            return tr("failed");
        case core::RunCondition::Lost:
            return tr("lost at step %1").arg(integer(run.step));
        case core::RunCondition::Silent:
            return tr("no word from %1").arg(QString::fromStdString(run.host));
    }
    return {};
}

QString secondLine(const core::ObservedRun& run)
{
    const QString prefix =
        run.slurmJobId.empty() ? QString() : tr("SLURM %1, ").arg(QString::fromStdString(run.slurmJobId));
    switch (run.condition) {
        case core::RunCondition::Starting:
            return prefix + tr("starting");
        case core::RunCondition::Running:
            return prefix + steps(run);
        case core::RunCondition::Saving:
            return prefix + tr("saving, ") + steps(run);
        case core::RunCondition::Done:
            return tr("%1 steps").arg(integer(run.step));
        case core::RunCondition::Stopped:
            return tr("paused, ") + steps(run);
        case core::RunCondition::Failed:
            return QString::fromStdString(run.message);
        case core::RunCondition::Lost:
            return tr("lost at ") + steps(run);
        case core::RunCondition::Silent:
            return tr("no word from %1 since %2").arg(QString::fromStdString(run.host), ago(run.heartbeat));
    }
    return {};
}

QString rightOf(const core::ObservedRun& run)
{
    if (run.condition == core::RunCondition::Running && run.secondsLeft > 0)
        return tr("%1 left").arg(duration(run.secondsLeft));
    return run.isUnderWay() || run.heartbeat <= 0 ? QString() : ago(run.heartbeat);
}

QString iconOf(core::RunCondition condition)
{
    switch (condition) {
        case core::RunCondition::Starting:
        case core::RunCondition::Running:
        case core::RunCondition::Saving:
            return QStringLiteral("running");
        case core::RunCondition::Done:
            return QStringLiteral("done");
        case core::RunCondition::Stopped:
            return QStringLiteral("pause");
        case core::RunCondition::Failed:
            return QStringLiteral("error");
        case core::RunCondition::Lost:
        case core::RunCondition::Silent:
            return QStringLiteral("warn");
    }
    return {};
}

Role roleOf(core::RunCondition condition)
{
    switch (condition) {
        case core::RunCondition::Starting:
        case core::RunCondition::Running:
        case core::RunCondition::Saving:
            return Role::Accent;
        case core::RunCondition::Done:
            return Role::Success;
        case core::RunCondition::Stopped:
            return Role::Text2;
        case core::RunCondition::Failed:
            return Role::Danger;
        case core::RunCondition::Lost:
        case core::RunCondition::Silent:
            return Role::Warning;
    }
    return Role::Text2;
}

QString number(double value)
{
    if (!std::isfinite(value))
        return QStringLiteral("–");
    const double size = std::abs(value);
    if (value == std::floor(value) && size < 1e15)
        return integer(static_cast<qint64>(value));
    if (size >= 1000)
        return integer(std::llround(value));
    if (size < 1e-3)
        return QString::number(value, 'e', 2);
    return QString::number(value, 'f', size < 10 ? 4 : 2);
}

}  // namespace facet::ui::words
