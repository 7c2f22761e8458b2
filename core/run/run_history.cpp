#include "core/run/run_history.h"

#include "core/base/file_descriptor.h"
#include "core/run/metric_line.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>

namespace facet::core {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kChunk = 4 << 20;

/// Adds a row; steps of an earlier attempt that were never taken back go now, so that steps always grow.
void addRow(StepTable& table, const NumberLine& line)
{
    table.cutAfter(line.step - 1);
    table.steps.push_back(line.step);
    table.times.push_back(line.time);
    for (size_t i = 0; i < line.members.size(); ++i) {
        const auto& [name, value] = line.members[i];
        // Lines of one run have the same members in the same order, nearly always.
        StepTable::Column* column =
            i < table.columns.size() && table.columns[i].name == name ? &table.columns[i] : nullptr;
        if (!column) {
            const auto found = std::ranges::find(table.columns, name, &StepTable::Column::name);
            column = found != table.columns.end() ? &*found : nullptr;
        }
        if (!column)
            column = &table.columns.emplace_back(std::string(name), std::vector<double>());
        column->values.resize(table.size() - 1, kNone);
        column->values.push_back(value);
    }
    for (StepTable::Column& column : table.columns)
        column.values.resize(table.size(), kNone);
}

}  // namespace

const std::vector<double>* StepTable::find(std::string_view name) const
{
    const auto found = std::ranges::find(columns, name, &Column::name);
    return found == columns.end() ? nullptr : &found->values;
}

void StepTable::cutAfter(int64_t last)
{
    if (steps.empty() || steps.back() <= last)
        return;
    const size_t keep = std::ranges::upper_bound(steps, last) - steps.begin();
    steps.resize(keep);
    times.resize(keep);
    for (Column& column : columns)
        column.values.resize(keep);
}

void StepTable::append(const StepTable& later)
{
    if (later.steps.empty())
        return;
    cutAfter(later.steps.front() - 1);
    const size_t before = size();
    steps.insert(steps.end(), later.steps.begin(), later.steps.end());
    times.insert(times.end(), later.times.begin(), later.times.end());
    for (const Column& column : later.columns) {
        auto found = std::ranges::find(columns, column.name, &Column::name);
        if (found == columns.end())
            found = columns.insert(columns.end(), {column.name, std::vector<double>(before, kNone)});
        found->values.insert(found->values.end(), column.values.begin(), column.values.end());
    }
    for (Column& column : columns)
        column.values.resize(size(), kNone);
}

void RunHistory::resumeFrom(int64_t step)
{
    metrics.cutAfter(step);
    validation.cutAfter(step);
    const auto isLater = [&](const RunEvent& event) { return stepOf(event) > step; };
    std::erase_if(samples, isLater);
    std::erase_if(checkpoints, isLater);
}

void RunHistory::take(RunEvent event)
{
    m_hasAny = true;
    if (const auto* gpu = std::get_if<GpuEvent>(&event.what)) {
        auto found = std::ranges::find(gpus, gpu->index, &GpuSeries::index);
        if (found == gpus.end())
            found = gpus.insert(gpus.end(), {gpu->index, {}, {}});
        found->samples.push_back(*gpu);
        found->times.push_back(event.time);
    } else if (const auto* resume = std::get_if<ResumeEvent>(&event.what)) {
        resumeFrom(resume->fromStep);
        resumes.push_back(std::move(event));
    } else if (std::holds_alternative<SampleEvent>(event.what)) {
        samples.push_back(std::move(event));
    } else if (std::holds_alternative<CheckpointEvent>(event.what)) {
        checkpoints.push_back(std::move(event));
    } else if (std::holds_alternative<WarningEvent>(event.what)) {
        warnings.push_back(std::move(event));
    } else if (std::holds_alternative<StateEvent>(event.what)) {
        states.push_back(std::move(event));
    }
}

void RunHistory::append(RunHistory later)
{
    if (later.isEmpty() && later.numUnknown == 0)
        return;
    if (isEmpty() && numUnknown == 0) {
        *this = std::move(later);
        return;
    }
    m_hasAny = m_hasAny || later.m_hasAny;
    numUnknown += later.numUnknown;
    for (const RunEvent& event : later.resumes)
        resumeFrom(std::get<ResumeEvent>(event.what).fromStep);
    metrics.append(later.metrics);
    validation.append(later.validation);
    const auto add = [](std::vector<RunEvent>& to, std::vector<RunEvent>& from) {
        to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    add(samples, later.samples);
    add(checkpoints, later.checkpoints);
    add(warnings, later.warnings);
    add(resumes, later.resumes);
    add(states, later.states);
    for (GpuSeries& gpu : later.gpus) {
        auto found = std::ranges::find(gpus, gpu.index, &GpuSeries::index);
        if (found == gpus.end()) {
            gpus.push_back(std::move(gpu));
            continue;
        }
        found->samples.insert(found->samples.end(), gpu.samples.begin(), gpu.samples.end());
        found->times.insert(found->times.end(), gpu.times.begin(), gpu.times.end());
    }
}

Result<HistoryReader::News> HistoryReader::poll(int64_t maxBytes)
{
    News news;
    const FileDescriptor file(::open(m_path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.isOpen()) {
        if (errno == ENOENT)
            return news;
        return systemError(m_path, "open");
    }
    struct stat info = {};
    if (::fstat(file.get(), &info) != 0)
        return systemError(m_path, "read");
    if (info.st_size < m_offset || (m_inode != 0 && info.st_ino != m_inode)) {
        news.isAnew = true;
        m_offset = 0;
        m_rest.clear();
    }
    m_inode = info.st_ino;
    NumberLine line;
    std::string buffer;
    for (int64_t total = 0;;) {
        if (total >= maxBytes) {
            news.isAll = false;
            break;
        }
        buffer = std::move(m_rest);
        m_rest.clear();
        const size_t kept = buffer.size();
        buffer.resize(kept + kChunk);
        const ssize_t count = ::pread(file.get(), buffer.data() + kept, kChunk, m_offset);
        buffer.resize(kept + static_cast<size_t>(std::max<ssize_t>(count, 0)));
        if (count < 0 && errno == EINTR) {
            m_rest = std::move(buffer);
            continue;
        }
        if (count < 0) {
            const Error error = systemError(m_path, "read");
            m_rest = std::move(buffer);
            return error;
        }
        m_offset += count;
        total += count;
        size_t begin = 0;
        for (size_t end = 0; (end = buffer.find('\n', begin)) != std::string::npos; begin = end + 1) {
            const std::string_view text = std::string_view(buffer).substr(begin, end - begin);
            if (text.empty())
                continue;
            if (readNumberLine(text, line)) {
                addRow(line.kind == NumberLine::Kind::Metric ? news.history.metrics : news.history.validation,
                       line);
                news.history.m_hasAny = true;
            } else if (Result<RunEvent> event = eventOf(text)) {
                news.history.take(*std::move(event));
            } else {
                ++news.history.numUnknown;
            }
        }
        m_rest = buffer.substr(begin);
        if (count == 0)
            break;
    }
    return news;
}

}  // namespace facet::core
