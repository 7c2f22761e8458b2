#include "ui/clusters/slurm_jobs.h"

#include <QDir>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <utility>

namespace facet::ui {

namespace {

constexpr int kEveryMs = 5000;  // sites ask people not to poll squeue faster

QString toText(const std::string& text)
{
    return QString::fromStdString(text);
}

}  // namespace

SlurmJobs::SlurmJobs(SlurmPrograms& programs, QObject* parent)
    : QAbstractTableModel(parent), m_programs(programs)
{
    m_timer.setInterval(kEveryMs);
    connect(&m_timer, &QTimer::timeout, this, &SlurmJobs::refresh);
}

int SlurmJobs::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_jobs.size());
}

int SlurmJobs::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : NumColumns;
}

QVariant SlurmJobs::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || (role != Qt::DisplayRole && role != Qt::ToolTipRole))
        return {};
    const jobs::SlurmJob& job = m_jobs[static_cast<size_t>(index.row())];
    switch (index.column()) {
        case Id:
            return toText(job.id);
        case Name:
            return toText(job.name);
        case State:
            return toText(jobs::stateInWords(job));
        case Reason:
            return toText(jobs::reasonInWords(job));
        case Place:
            return toText(job.nodes.empty() ? job.partition : job.partition + ", " + job.nodes);
        case Time:
            return job.state == "PENDING"
                       ? (job.start.empty() ? tr("not known") : tr("starts about %1").arg(toText(job.start)))
                   : job.limit == "UNLIMITED" ? toText(job.elapsed)
                                              : tr("%1 of %2").arg(toText(job.elapsed), toText(job.limit));
        default:
            return {};
    }
}

QVariant SlurmJobs::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    const QStringList names = {tr("Job"), tr("Run"), tr("State"), tr("Why"), tr("Where"), tr("Time")};
    return names.value(section);
}

void SlurmJobs::setWatching(bool isWatching)
{
    if (isWatching && m_programs.areHere()) {
        refresh();
        m_timer.start();
    } else {
        m_timer.stop();
    }
}

void SlurmJobs::refresh()
{
    if (m_isAsking || !m_programs.areHere())
        return;
    m_isAsking = true;
    const QString format =
        QString::fromUtf8(jobs::kSqueueFormat.data(), qsizetype(jobs::kSqueueFormat.size()));
    m_programs.run(this, QStringLiteral("squeue"),
                   {QStringLiteral("--me"), QStringLiteral("--noheader"), QStringLiteral("--states=all"),
                    QStringLiteral("--format=") + format},
                   [this](const core::Result<QByteArray>& lines) {
                       m_isAsking = false;
                       const QString why = lines ? QString() : toText(lines.error().message);
                       m_problem = why.isEmpty() || why.startsWith(QStringLiteral("squeue"))
                                       ? why
                                       : tr("squeue: %1").arg(why);
                       if (lines)
                           take(jobs::jobsFromSqueue(lines->toStdString()));
                       Q_EMIT changed();
                       if (lines && !m_hasAccounts)
                           askForAccounts();
                       else if (lines)
                           askForEnds();
                   });
}

void SlurmJobs::askForAccounts()
{
    m_programs.run(this, QStringLiteral("scontrol"), {QStringLiteral("show"), QStringLiteral("config")},
                   [this](const core::Result<QByteArray>& config) {
                       if (!config)
                           return;  // the next look asks again
                       m_hasAccounts = jobs::keepsAccounts(config->toStdString());
                       askForEnds();
                   });
}

void SlurmJobs::askForEnds()
{
    // Once for what was there before, then for each job that has ended: accounts are not polled.
    const auto isKnown = [this](const jobs::SlurmJob& job) {
        return !job.isOver() || std::ranges::find(m_ends, job.id, &jobs::SlurmJob::id) != m_ends.end();
    };
    const bool isFirst = std::exchange(m_isFirstLook, false) && *m_hasAccounts;
    if (!isFirst && std::ranges::all_of(m_live, isKnown))
        return;
    const bool isSacct = *m_hasAccounts;
    const QString format = QString::fromUtf8(jobs::kSacctFormat.data(), qsizetype(jobs::kSacctFormat.size()));
    const QStringList arguments =
        isSacct ? QStringList{QStringLiteral("--noheader"),
                              QStringLiteral("--parsable2"),
                              QStringLiteral("--allocations"),
                              QStringLiteral("--starttime=now-7days"),
                              QStringLiteral("--user=%1").arg(::getuid()),
                              QStringLiteral("--format=") + format}
                : QStringList{QStringLiteral("--oneliner"), QStringLiteral("show"), QStringLiteral("job")};
    m_programs.run(
        this, isSacct ? QStringLiteral("sacct") : QStringLiteral("scontrol"), arguments,
        [this, isSacct](const core::Result<QByteArray>& lines) {
            if (!lines) {
                m_problem =
                    (isSacct ? tr("sacct: %1") : tr("scontrol: %1")).arg(toText(lines.error().message));
                Q_EMIT changed();
                return;
            }
            m_ends = isSacct ? jobs::jobsFromSacct(lines->toStdString())
                             : jobs::jobsFromScontrol(lines->toStdString());
            std::erase_if(m_ends, [](const jobs::SlurmJob& job) { return !job.isOver(); });
            take(m_live);
            Q_EMIT changed();
        });
}

void SlurmJobs::take(std::vector<jobs::SlurmJob> live)
{
    m_live = live;
    std::vector<jobs::SlurmJob> jobs = std::move(live);
    for (jobs::SlurmJob& job : jobs)
        if (const auto end = std::ranges::find(m_ends, job.id, &jobs::SlurmJob::id);
            job.isOver() && end != m_ends.end())
            job.exitCode = end->exitCode;
    // What squeue has forgotten was over: as the accounts have it, else as it was seen last.
    const auto addOthers = [&jobs](const std::vector<jobs::SlurmJob>& others) {
        for (const jobs::SlurmJob& other : others)
            if (other.isOver() && std::ranges::find(jobs, other.id, &jobs::SlurmJob::id) == jobs.end())
                jobs.push_back(other);
    };
    if (m_hasAccounts.value_or(false))  // scontrol tells of everyone's jobs
        addOthers(m_ends);
    addOthers(m_jobs);
    // The newest first: ids only grow.
    std::ranges::stable_sort(jobs, std::greater(),
                             [](const jobs::SlurmJob& job) { return std::atoll(job.id.c_str()); });
    if (jobs == m_jobs)
        return;
    const bool hasSameRows = std::ranges::equal(jobs, m_jobs, {}, &jobs::SlurmJob::id, &jobs::SlurmJob::id);
    if (hasSameRows) {  // keeps the selection
        m_jobs = std::move(jobs);
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, NumColumns - 1));
        return;
    }
    beginResetModel();
    m_jobs = std::move(jobs);
    endResetModel();
}

void SlurmJobs::submit(const QString& script, const QString& folder)
{
    QDir().mkpath(folder);
    m_programs.run(
        this, QStringLiteral("sbatch"), {QStringLiteral("--parsable")},
        [this](const core::Result<QByteArray>& answer) {
            if (!answer) {
                Q_EMIT failed(toText(answer.error().message));
                return;
            }
            // "12" or "12;cluster".
            Q_EMIT submitted(QString::fromLatin1(answer->trimmed().split(';').first()));
            refresh();
        },
        script.toUtf8(), folder);
}

void SlurmJobs::cancel(const QString& id)
{
    m_programs.run(this, QStringLiteral("scancel"), {id}, [this](const core::Result<QByteArray>& answer) {
        if (!answer)
            Q_EMIT failed(toText(answer.error().message));
        refresh();
    });
}

}  // namespace facet::ui
