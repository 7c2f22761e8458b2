#include "jobs/queue/run_queue.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"

#include <algorithm>
#include <charconv>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::JsonFields;
using core::Result;
using nlohmann::json;

constexpr int64_t kVersion = 1;
constexpr std::string_view kGpu = "cuda:";

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

std::string numbered(int64_t id)
{
    return "#" + std::to_string(id);
}

bool isNumber(std::string_view text, int64_t& number)
{
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc() && end == text.data() + text.size();
}

auto placeOf(RunQueue& queue, int64_t id)
{
    return std::ranges::find(queue.entries, id, &QueueEntry::id);
}

Error notThere(int64_t id)
{
    return {ErrorCode::NotFound, "there is no run " + numbered(id) + " in the queue"};
}

std::string joined(const std::vector<std::string>& words)
{
    std::string all;
    for (const std::string& word : words)
        all += (all.empty() ? "" : " and ") + word;
    return all;
}

/// What an entry has to be, whoever wrote it.
Result<void> checkEntry(const QueueEntry& entry)
{
    if (entry.name.empty() || entry.name == "." || entry.name == ".." ||
        entry.name.find('/') != std::string::npos)
        return refused("name is " + inQuotes(entry.name) + ", which is no name of a run");
    if (!entry.folder.is_absolute())
        return refused("folder is " + inQuotes(entry.folder.string()) + ", which is no absolute path");
    if (entry.devices.empty())
        return refused("devices names none: give cpu or cuda:0, cuda:1, ...");
    for (const std::string& device : entry.devices)
        if (!isQueueDevice(device))
            return refused("devices has " + inQuotes(device) + ", which is none of cpu, cuda:0, cuda:1, ...");
    return {};
}

template <typename T>
std::vector<T> listOf(JsonFields& fields, const char* key, bool (json::*isRight)() const noexcept)
{
    std::vector<T> list;
    const json* found = fields.find(key);
    if (!found)
        return list;
    if (!found->is_array() ||
        !std::ranges::all_of(*found, [&](const json& each) { return (each.*isRight)(); }))
        fields.fail(key, "is no list of the right kind");
    else
        for (const json& each : *found)
            list.push_back(each.get<T>());
    return list;
}

Result<QueueEntry> entryFrom(const json& object, const std::string& where, int64_t nextId)
{
    if (!object.is_object())
        return refused(where + " is " + core::shown(object) + ", not an object");
    JsonFields fields(object, where + ".");
    QueueEntry entry;
    entry.id = fields.integer("id", 0, 1, nextId - 1);
    entry.name = fields.text("name", "");
    entry.folder = fields.text("folder", "");
    entry.host = fields.text("host", "");
    entry.devices = listOf<std::string>(fields, "devices", &json::is_string);
    entry.after = listOf<int64_t>(fields, "after", &json::is_number_integer);
    entry.sweep = fields.text("sweep", "");
    if (entry.id == 0)
        fields.fail("id", "is missing");
    if (fields.error())
        return *fields.error();
    if (const Result<void> checked = checkEntry(entry); !checked)
        return checked.error().during(where);
    return entry;
}

}  // namespace

const QueueEntry* RunQueue::find(int64_t id) const
{
    const auto found = std::ranges::find(entries, id, &QueueEntry::id);
    return found == entries.end() ? nullptr : &*found;
}

Result<int64_t> RunQueue::idOf(std::string_view wanted) const
{
    int64_t id = 0;
    if (isNumber(wanted.substr(wanted.starts_with('#') ? 1 : 0), id) && find(id))
        return id;
    const auto found = std::ranges::find(entries, wanted, &QueueEntry::name);
    if (found == entries.end())
        return Error{ErrorCode::NotFound, "there is no run " + inQuotes(wanted) + " in the queue"};
    return found->id;
}

bool isQueueDevice(std::string_view word)
{
    int64_t index = 0;
    return word == "cpu" || (word.starts_with(kGpu) && isNumber(word.substr(kGpu.size()), index) &&
                             index >= 0 && index < 1000 && word.substr(kGpu.size()) == std::to_string(index));
}

Result<int64_t> addEntry(RunQueue& queue, QueueEntry entry)
{
    if (const Result<void> checked = checkEntry(entry); !checked)
        return checked.error();
    for (const QueueEntry& other : queue.entries)
        if (other.folder == entry.folder)
            return refused("a run " + inQuotes(other.name) + " is in the queue already, as " +
                           numbered(other.id) + ": give this one another name, such as name=" + entry.name +
                           "-2");
    for (const int64_t id : entry.after)
        if (!queue.find(id))
            return notThere(id);
    entry.id = queue.nextId++;
    queue.entries.push_back(std::move(entry));
    return queue.entries.back().id;
}

Result<void> moveEntry(RunQueue& queue, int64_t id, size_t place)
{
    const auto from = placeOf(queue, id);
    if (from == queue.entries.end())
        return notThere(id);
    const auto to =
        queue.entries.begin() + static_cast<std::ptrdiff_t>(std::min(place, queue.entries.size() - 1));
    if (from < to)
        std::rotate(from, from + 1, to + 1);
    else
        std::rotate(to, from, from + 1);
    return {};
}

Result<void> setAfter(RunQueue& queue, int64_t id, std::vector<int64_t> after)
{
    const auto found = placeOf(queue, id);
    if (found == queue.entries.end())
        return notThere(id);
    // All that these wait for, so that none waits for itself.
    std::vector<int64_t> before = after;
    for (size_t i = 0; i < before.size(); ++i) {
        const QueueEntry* entry = queue.find(before[i]);
        if (!entry)
            return notThere(before[i]);
        if (entry->id == id)
            return refused(found->name + " would wait for itself: what it is to wait for comes after it");
        for (const int64_t next : entry->after)
            if (queue.find(next) && std::ranges::find(before, next) == before.end())
                before.push_back(next);
    }
    found->after = std::move(after);
    return {};
}

Result<void> removeEntry(RunQueue& queue, int64_t id)
{
    const auto found = placeOf(queue, id);
    if (found == queue.entries.end())
        return notThere(id);
    std::vector<std::string> later;
    for (const QueueEntry& entry : queue.entries)
        if (std::ranges::find(entry.after, id) != entry.after.end())
            later.push_back(entry.name);
    if (!later.empty())
        return refused(joined(later) + (later.size() == 1 ? " comes after " : " come after ") + found->name +
                       ": remove " + (later.size() == 1 ? "that" : "those") + " first");
    queue.entries.erase(found);
    return {};
}

void dropDone(RunQueue& queue, int64_t id)
{
    std::erase_if(queue.entries, [&](const QueueEntry& entry) { return entry.id == id; });
    for (QueueEntry& entry : queue.entries)
        std::erase(entry.after, id);
}

nlohmann::ordered_json toJson(const RunQueue& queue)
{
    nlohmann::ordered_json entries = nlohmann::ordered_json::array();
    for (const QueueEntry& entry : queue.entries)
        entries.push_back({{"id", entry.id},
                           {"name", entry.name},
                           {"folder", entry.folder.string()},
                           {"host", entry.host},
                           {"devices", entry.devices},
                           {"after", entry.after},
                           {"sweep", entry.sweep}});
    return {{"version", kVersion}, {"next_id", queue.nextId}, {"entries", entries}};
}

Result<RunQueue> runQueueFrom(const json& object)
{
    JsonFields fields(object, "");
    const int64_t version = fields.integer("version", 0, 0, INT64_MAX);
    if (version > kVersion)
        return refused("was written by a newer Facet (version " + std::to_string(version) +
                       " of the queue); update this one");
    RunQueue queue;
    queue.nextId = fields.integer("next_id", 1, 1, int64_t{1} << 53);
    const json* entries = fields.find("entries");
    if (fields.error())
        return *fields.error();
    if (version != kVersion || !entries || !entries->is_array())
        return refused("has no version 1 and list of entries");
    for (const json& each : *entries) {
        const std::string where = "entries[" + std::to_string(queue.entries.size()) + "]";
        Result<QueueEntry> entry = entryFrom(each, where, queue.nextId);
        if (!entry)
            return entry.error();
        for (const QueueEntry& other : queue.entries)
            if (other.id == entry->id || other.folder == entry->folder)
                return refused(where + " is " + numbered(entry->id) + ", " + inQuotes(entry->name) +
                               ", for the second time");
        queue.entries.push_back(*std::move(entry));
    }
    for (const QueueEntry& entry : queue.entries)
        for (const int64_t id : entry.after)
            // Ids grow, so runs that come after earlier ones only can never wait for each other.
            if (id >= entry.id || !queue.find(id))
                return refused(inQuotes(entry.name) + " comes after " + numbered(id) +
                               ", which is no earlier run in the queue");
    return queue;
}

std::filesystem::path QueueFile::jobFile(int64_t id) const
{
    return m_home / "queue" / (std::to_string(id) + ".json");
}

Result<RunQueue> QueueFile::read() const
{
    const Result<json> object = core::readJsonObject(file());
    if (!object && object.error().code == ErrorCode::NotFound)
        return RunQueue();
    if (!object)
        return Error{object.error().code, object.error().message + "; repair the file or move it away"};
    Result<RunQueue> queue = runQueueFrom(*object);
    if (!queue)
        return refused(file().string() + ": " + queue.error().message + "; repair the file or move it away");
    return queue;
}

Result<void> QueueFile::edit(const std::function<Result<void>(RunQueue&)>& change) const
{
    std::error_code problem;
    std::filesystem::create_directories(m_home / "queue", problem);
    const Result<core::FileLock> lock = core::FileLock::take(file());
    if (!lock)
        return lock.error();
    const Result<RunQueue> before = read();
    if (!before)
        return before.error();
    RunQueue after = *before;
    if (const Result<void> changed = change(after); !changed)
        return changed;
    if (after == *before)
        return {};
    const std::string text = toJson(after).dump(2, ' ', false, json::error_handler_t::replace) + "\n";
    if (const Result<void> written = core::writeFileAtomically(file(), text); !written)
        return written;
    for (const QueueEntry& entry : before->entries)
        if (!after.find(entry.id))
            std::filesystem::remove(jobFile(entry.id), problem);
    return {};
}

}  // namespace facet::jobs
