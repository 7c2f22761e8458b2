#pragma once

// Settings and figures as JSON, for the store and for exports.

#include "core/base/result.h"
#include "core/conversations/conversation.h"

#include <nlohmann/json.hpp>

namespace facet::core {

nlohmann::json toJson(const Sampling& sampling);
nlohmann::json toJson(const MessageStats& stats);
nlohmann::json toJson(const std::vector<UsedAdapter>& adapters);

/// Errors  InvalidInput, with the member's name.
Result<Sampling> samplingFromJson(const nlohmann::json& json);
Result<MessageStats> statsFromJson(const nlohmann::json& json);
Result<std::vector<UsedAdapter>> adaptersFromJson(const nlohmann::json& json);

/// JSON as text; broken UTF-8 becomes U+FFFD.
std::string dump(const nlohmann::json& json, int indent = -1);

}  // namespace facet::core
