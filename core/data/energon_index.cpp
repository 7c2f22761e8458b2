#include "core/data/energon_index.h"

#include "core/base/sqlite.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstring>
#include <random>

namespace facet::core {
namespace {

/// The version whose layout this is.
constexpr const char* kEnergonVersion = "7.4.1";

constexpr const char* kTables = R"(
    CREATE TABLE samples (
        tar_file_id INTEGER NOT NULL, sample_key TEXT NOT NULL UNIQUE, sample_index INTEGER NOT NULL,
        byte_offset INTEGER, byte_size INTEGER);
    CREATE TABLE sample_parts (
        tar_file_id INTEGER, sample_index INTEGER, part_name TEXT, content_byte_offset INTEGER,
        content_byte_size INTEGER);)";

constexpr const char* kIndexes = R"(
    CREATE INDEX idx_samples_by_tar_and_idx ON samples(tar_file_id, sample_index);
    CREATE INDEX idx_sample_parts_seq ON sample_parts(tar_file_id, sample_index, content_byte_offset);
    CREATE INDEX idx_sample_parts_full ON sample_parts(
        tar_file_id, sample_index, part_name, content_byte_offset, content_byte_size);)";

std::string newUuid()
{
    std::random_device random;
    uint32_t words[4];
    for (uint32_t& word : words)
        word = random();
    words[1] = (words[1] & 0xFFFF0FFFu) | 0x4000u;  // version 4
    words[2] = (words[2] & 0x3FFFFFFFu) | 0x80000000u;
    char text[37];
    std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%04x%08x", words[0], words[1] >> 16,
                  words[1] & 0xFFFF, words[2] >> 16, words[2] & 0xFFFF, words[3]);
    return text;
}

/// Where samples begin and the last one ends, as 64-bit numbers.
Result<void> writeOffsets(const TarShard& shard)
{
    std::string bytes;
    const auto add = [&](uint64_t offset) {
        char raw[sizeof offset];
        std::memcpy(raw, &offset, sizeof offset);
        bytes.append(raw, sizeof raw);
    };
    for (const TarShard::Sample& sample : shard.samples())
        add(sample.begin);
    add(shard.end());
    return writeFileAtomically(shard.path().string() + ".idx", bytes);
}

Result<void> addRows(sqlite::Database& database, int64_t shardId, const TarShard& shard)
{
    sqlite::Statement sample(database, "INSERT INTO samples VALUES (?, ?, ?, ?, ?)");
    sqlite::Statement part(database, "INSERT INTO sample_parts VALUES (?, ?, ?, ?, ?)");
    const std::vector<TarShard::Sample>& samples = shard.samples();
    for (size_t i = 0; i < samples.size(); ++i) {
        const uint64_t end = i + 1 < samples.size() ? samples[i + 1].begin : shard.end();
        const auto index = static_cast<int64_t>(i);
        sample.bind(shardId).bind(std::string_view(samples[i].key)).bind(index);
        sample.bind(static_cast<int64_t>(samples[i].begin));
        sample.bind(static_cast<int64_t>(end - samples[i].begin));
        if (Result<void> done = sample.run(); !done)
            return done;
        for (const TarShard::Part& each : samples[i].parts) {
            part.bind(shardId).bind(index).bind(std::string_view(each.name));
            part.bind(static_cast<int64_t>(each.offset)).bind(static_cast<int64_t>(each.size));
            if (Result<void> done = part.run(); !done)
                return done;
        }
    }
    return {};
}

}  // namespace

Result<void> writeEnergonIndex(const std::filesystem::path& folder, std::span<const std::string> shards)
{
    const std::filesystem::path meta = folder / ".nv-meta";
    Result<sqlite::Database> database = sqlite::Database::open(meta / "index.sqlite");
    if (!database)
        return database.error();
    // Nobody sees the file before it is whole, so it need not survive a crash by itself.
    if (Result<void> done = database->execute("PRAGMA synchronous = OFF; BEGIN;" + std::string(kTables));
        !done)
        return done;
    nlohmann::ordered_json counts = nlohmann::ordered_json::object();
    for (size_t i = 0; i < shards.size(); ++i) {
        const Result<TarShard> shard = TarShard::open(folder / shards[i]);
        if (!shard)
            return shard.error();
        if (Result<void> done = writeOffsets(*shard); !done)
            return done;
        if (Result<void> done = addRows(*database, static_cast<int64_t>(i), *shard); !done)
            return done;
        counts[shards[i]] = shard->samples().size();
    }
    if (Result<void> done = database->execute(std::string(kIndexes) + "COMMIT;"); !done)
        return done;
    if (Result<void> done = writeFileAtomically(meta / "index.uuid", newUuid()); !done)
        return done;
    const nlohmann::ordered_json info = {{"energon_version", kEnergonVersion}, {"shard_counts", counts}};
    return writeFileAtomically(meta / ".info.json", info.dump(2) + "\n");
}

}  // namespace facet::core
