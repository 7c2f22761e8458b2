#include "jobs/queue/enqueue.h"

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/run/run_folder.h"
#include "jobs/queue/queue_report.h"
#include "jobs/queue/sweep_results.h"
#include "jobs/supported.h"

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::Result;

bool isRunThere(const std::filesystem::path& path)
{
    const core::RunFolder folder = {path};
    std::error_code ignored;
    return folder.exists() || std::filesystem::exists(folder.launch(), ignored);
}

/// A table is kept while a run of it is there or waits.
Result<void> checkSweepName(const std::filesystem::path& home, const std::string& name, const RunQueue& queue)
{
    const Result<SweepRecord> before = readSweep(home, name);
    if (!before)
        return before.error().code == ErrorCode::NotFound ? Result<void>() : before.error();
    for (const SweepRecord::Run& run : before->runs) {
        const bool isWaiting =
            std::ranges::find(queue.entries, run.folder, &QueueEntry::folder) != queue.entries.end();
        if (isWaiting || isRunThere(run.folder))
            return Error{ErrorCode::InvalidInput,
                         "there is a sweep " + inQuotes(name) +
                             " already: give this job another name, such as name=" + name + "-2"};
    }
    return {};
}

}  // namespace

Result<std::vector<PlannedRun>> planRuns(const Settings& job, const std::vector<Sweep>& sweeps,
                                         const Surroundings& surroundings)
{
    const Result<std::vector<SweepPoint>> points = sweepPoints(sweeps);
    if (!points)
        return points.error();
    std::vector<std::string> names;
    if (!sweeps.empty()) {
        const auto name = job.find("name");
        if (name == job.end() || !name->second.is_string() || name->second.get<std::string>().empty())
            return Error{ErrorCode::InvalidInput, "the job has no name, which its runs would be named after"};
        names = sweepNames(name->second.get<std::string>(), sweeps, *points);
    }
    std::vector<PlannedRun> runs;
    for (size_t i = 0; i < points->size(); ++i) {
        Settings settings = job;
        std::string values;
        for (const std::string& text : (*points)[i].overrides) {
            values += (values.empty() ? "with " : ", ") + text;
            if (const Result<void> done = applyOverride(text, settings); !done)
                return done.error();
        }
        if (!names.empty()) {
            settings["name"] = names[i];
            // A folder that the job names would be that of all its runs.
            if (const auto dir = settings.find("dir");
                dir != settings.end() && dir->second.is_string() && dir->second != "")
                dir->second = dir->second.get<std::string>() + "/" + names[i];
        }
        Result<ResolvedJob> resolved = resolveJob(settings, surroundings);
        if (!resolved)
            return values.empty() ? resolved.error() : resolved.error().during(values);
        // What the run would end with, hours later.
        for (const Result<void>& checked : {checkSupported(*resolved), checkFilesAreHere(resolved->job)})
            if (!checked)
                return values.empty() ? checked.error() : checked.error().during(values);
        runs.push_back({(*points)[i].values, *std::move(resolved)});
    }
    return runs;
}

Result<std::vector<QueueEntry>> enqueue(const QueueFile& file, const std::vector<PlannedRun>& runs,
                                        const Enqueued& how, const std::vector<Sweep>& sweeps,
                                        const std::string& sweepName)
{
    std::vector<QueueEntry> added;
    const Result<void> done = file.edit([&](RunQueue& queue) -> Result<void> {
        QueueEntry entry;
        entry.host = thisHost();
        entry.devices = how.devices;
        entry.sweep = sweeps.empty() ? std::string() : sweepName;
        for (const std::string& earlier : how.after) {
            const Result<int64_t> id = queue.idOf(earlier);
            if (!id)
                return id.error();
            entry.after.push_back(*id);
        }
        if (!sweeps.empty())
            if (const Result<void> checked = checkSweepName(file.home(), sweepName, queue); !checked)
                return checked;
        SweepRecord record = {sweepName, {}, {}};
        for (const Sweep& sweep : sweeps)
            record.keys.push_back(sweep.key);
        for (const PlannedRun& run : runs) {
            const Job& job = run.resolved.job;
            entry.name = job.name;
            entry.folder = job.dir;
            const Result<int64_t> id = addEntry(queue, entry);
            if (!id)
                return id.error();
            if (isRunThere(entry.folder))
                return Error{ErrorCode::InvalidInput,
                             "there is a run in " + entry.folder.string() +
                                 " already: give this one another name, such as name=" + job.name + "-2"};
            if (const Result<void> written =
                    core::writeFileAtomically(file.jobFile(*id), toJson(job).dump(2) + "\n");
                !written)
                return written;
            added.push_back(queue.entries.back());
            record.runs.push_back({job.name, entry.folder, run.values});
        }
        return sweeps.empty() ? Result<void>() : writeSweep(file.home(), record);
    });
    if (!done)
        return done.error();
    return added;
}

}  // namespace facet::jobs
