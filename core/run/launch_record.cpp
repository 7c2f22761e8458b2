#include "core/run/launch_record.h"

#include "core/base/file.h"
#include "core/base/json.h"

#include <algorithm>
#include <fstream>

namespace facet::core {

Result<void> writeLaunch(const std::filesystem::path& file, const LaunchRecord& record)
{
    const nlohmann::ordered_json json = {
        {"host", record.process.host}, {"boot_id", record.process.bootId},
        {"pid", record.process.pid},   {"process_start", record.process.start},
        {"time", record.time},         {"device", record.device},
        {"job", record.job.string()}};
    return writeFileAtomically(file, json.dump(2) + "\n");
}

Result<LaunchRecord> readLaunch(const std::filesystem::path& file)
{
    const Result<nlohmann::json> object = readJsonObject(file);
    if (!object)
        return object.error();
    JsonFields fields(*object, "");
    LaunchRecord record;
    record.process.host = fields.text("host", "");
    record.process.bootId = fields.text("boot_id", "");
    record.process.pid = fields.integer("pid", 0, 0, INT64_MAX);
    record.process.start = fields.integer("process_start", 0, 0, INT64_MAX);
    record.time = fields.number("time", 0, 0, 1e12);
    record.device = fields.text("device", "auto");
    record.job = fields.text("job", "");
    if (fields.error())
        return fields.error()->during("reading " + file.string());
    return record;
}

std::string lastWords(const RunFolder& folder)
{
    constexpr std::streamoff kMost = 4096;
    std::ifstream file(folder.launchLog(), std::ios::binary | std::ios::ate);
    if (!file)
        return {};
    const std::streamoff size = file.tellg();
    file.seekg(std::max<std::streamoff>(0, size - kMost));
    std::string line, last;
    while (std::getline(file, line))
        if (!line.empty() && !line.starts_with("note: "))
            last = line;
    return last;
}

}  // namespace facet::core
