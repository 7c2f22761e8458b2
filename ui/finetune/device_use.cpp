#include "ui/finetune/device_use.h"

#include "jobs/queue/queue_report.h"
#include "ui/background.h"
#include "ui/runs/run_list.h"

#include <algorithm>
#include <cmath>

namespace facet::ui {

DeviceUse::DeviceUse(RunList* runs, std::filesystem::path home, QObject* parent)
    : QObject(parent), m_runs(runs), m_home(std::move(home))
{
    if (!m_runs)
        return;
    connect(m_runs, &RunList::looked, this, &DeviceUse::lookSoon);
    if (m_runs->hasLooked())
        lookSoon();
    else
        m_runs->look();
}

DeviceUse::Use DeviceUse::of(const std::string& device) const
{
    const auto found = m_uses.find(device);
    return found == m_uses.end() ? Use() : found->second;
}

DeviceUse::Uses DeviceUse::look(const std::vector<core::ObservedRun>& runs, const std::filesystem::path& home)
{
    Uses uses;
    // A queue that cannot be read is said where the queue is shown.
    const core::Result<jobs::RunQueue> queue = jobs::QueueFile(home).read();
    const jobs::RunQueue entries = queue ? *queue : jobs::RunQueue();
    const jobs::QueueReport report = jobs::reportOn(entries, runs, jobs::thisHost());
    for (const auto& [device, name] : report.busy) {
        Use& use = uses[device];
        use.run = QString::fromStdString(name);
        const auto run = std::ranges::find(runs, name, &core::ObservedRun::name);
        // In half minutes, so that nothing is told each second.
        use.secondsLeft = run == runs.end() ? 0 : 30 * std::ceil(run->secondsLeft / 30);
    }
    for (size_t i = 0; i < entries.entries.size(); ++i)
        if (report.entries[i].state == jobs::EntryState::Waiting)
            for (const std::string& device : entries.entries[i].devices)
                ++uses[device].numWaiting;
    return uses;
}

void DeviceUse::lookSoon()
{
    if (m_isLooking)
        return;
    m_isLooking = true;
    std::vector<core::ObservedRun> runs;
    for (int row = 0; row < m_runs->rowCount(); ++row)
        runs.push_back(m_runs->run(row));
    runInBackground(
        this, [runs = std::move(runs), home = m_home] { return look(runs, home); },
        [this](const Uses& uses) {
            m_isLooking = false;
            if (uses == m_uses)
                return;
            m_uses = uses;
            Q_EMIT changed();
        });
}

}  // namespace facet::ui
