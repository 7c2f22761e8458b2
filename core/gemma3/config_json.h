#pragma once

// Hugging Face's config.json of Gemma 3.

#include "core/base/result.h"
#include "core/gemma3/config.h"

#include <string_view>

namespace facet::core::gemma3 {

/// Reads a config.json, sparse or full, of a vision model ("gemma3") or a text model ("gemma3_text"), with
/// the field names of transformers 4.50 to 5.17. What is left out has the default of transformers' class;
/// with `textOnly` the vision part is left out of the result.
///
/// Refused  what would make another model than Gemma 3: other types of model, rope scaling but "linear",
/// biases in
///          attention, soft caps, an untied head, other activations, attention in both directions, quantised
///          weights, numbers that cannot be.
/// Differs  from transformers 5.17 where that reads a setting as if it were not there (rope_scaling with the
/// old key
///          "type", _sliding_window_pattern without layer_types): the first is honoured, the second is
///          refused.
/// Errors   InvalidInput: "text_config.num_attention_heads is 0, not a whole number from 1 to 1024". The
/// sentence
///          lacks the file: put its name in front.
Result<Config> parseConfig(std::string_view json, bool textOnly);

}  // namespace facet::core::gemma3
