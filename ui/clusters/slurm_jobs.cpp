#include "ui/clusters/slurm_jobs.h"

#include <QDir>

#include <algorithm>
#include <cstdlib>
#include <functional>

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
                       m_problem = lines ? QString() : toText(lines.error().message);
                       if (lines)
                           take(jobs::jobsFromSqueue(lines->toStdString()));
                       Q_EMIT changed();
                   });
}

void SlurmJobs::take(std::vector<jobs::SlurmJob> jobs)
{
    // What squeue has forgotten was over; it stays here with the state that was seen last.
    for (const jobs::SlurmJob& old : m_jobs)
        if (old.isOver() && std::ranges::find(jobs, old.id, &jobs::SlurmJob::id) == jobs.end())
            jobs.push_back(old);
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
