#pragma once

#include "core/gemma3/config.h"

#include <nlohmann/json.hpp>

namespace facet::core::gemma3 {

/// A config.json with every field that differs between models of Gemma 3, in the names of transformers 4.57,
/// which 4.50 to 5.17 read: parseConfig() of it is `config` again. Ids of the tokenizer's control pieces,
/// which Config has not, and the weights' type are not in it.
nlohmann::ordered_json configJson(const Config& config, double initializerRange = 0.02);

}  // namespace facet::core::gemma3
