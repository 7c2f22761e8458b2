#pragma once

// The shapes in which people keep chat data, and how a row of each becomes a sample.
//
//   chat               {"messages": [{"role", "content": text or parts}]}, also a bare list; "images":
//   [paths] sharegpt           {"conversations": [{"from": "human" | "gpt" | "system", "value"}], "system"}
//   llava              as sharegpt, with "image": path or list; "<image>" in a value is its place
//   alpaca             {"instruction", "input", "output", "system", "history": [[question, answer]]}
//   prompt_completion  {"prompt", "completion"}: texts or lists of messages
//   input_output       {"input", "output"}: NeMo's
//   text               {"text"}
//
// In each, "images" (or "image") may name pictures. Where texts have the marker "<image>", each marker takes
// the next one; else they go in front of the first question.

#include "core/base/result.h"
#include "core/data/sample.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace facet::core {

enum class RowFormat { Chat, ShareGpt, Llava, Alpaca, PromptCompletion, InputOutput, Text };

/// "chat", "sharegpt", ..., as a job file writes them.
std::string_view nameOf(RowFormat format);
std::optional<RowFormat> rowFormat(std::string_view name);

/// What these rows are, by their keys.
///
/// Errors  InvalidInput with the keys of the first row that fits no format, and for preference data (chosen,
///         rejected), which is none of these.
Result<RowFormat> sniffRows(std::span<const nlohmann::json> rows);

/// Reads one row. Relative paths of pictures start at `imageRoot`.
///
/// Errors  InvalidInput: "conversations[1].from is \"tool\"; ..."; file and line are the caller's to add
Result<DataSample> sampleFromRow(const nlohmann::json& row, RowFormat format,
                                 const std::filesystem::path& imageRoot);

}  // namespace facet::core
