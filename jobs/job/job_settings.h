#pragma once

// A job as it is written: key paths with values, from a file, a recipe and the command line, laid over each
// other.

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace facet::jobs {

/// {"lora.rank": 16, "data.sources": [...]}: objects are taken apart, lists and maps by pattern are not.
using Settings = std::map<std::string, nlohmann::json>;

/// Takes a job object apart. NeMo's names (trainer.max_steps, peft_scheme, num_nodes, ...) become ours.
///
/// Errors  InvalidInput: an unknown key, with the nearest right one; a key given twice, once by an alias; a
///         version other than ours. The sentence lacks the file.
core::Result<Settings> settingsFrom(const nlohmann::json& job);

/// Reads a job file. Its relative paths (dir, data, adapters, a model's folder) are made absolute, from the
/// file's folder.
///
/// Errors  NotFound, Io, InvalidInput
core::Result<Settings> readJobFile(const std::filesystem::path& path);

/// Reads "lora.rank=8"; the value is JSON, else a text. A number goes into a list: "data.sources.0.weight=2".
/// Lays it over `settings`.
///
/// Errors  InvalidInput
core::Result<void> applyOverride(std::string_view text, Settings& settings);

/// Our name of a key of NeMo's, "" if it is none.
std::string aliasFor(std::string_view key);

/// All aliases: NeMo's name, ours.
std::vector<std::pair<std::string, std::string>> aliases();

/// All keys of a job, in order.
const std::vector<std::string>& jobKeys();

}  // namespace facet::jobs
