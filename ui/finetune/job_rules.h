#pragma once

// What may stand in each field of the form: read from the job's schema, so that a key that jobs/ learns is
// known here at once.

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace facet::ui {

struct JobRule {
    enum class Kind { Flag, OptionalFlag, Text, Whole, AutoWhole, Number, Choice, Structure };

    Kind kind = Kind::Text;
    std::vector<std::string> choices;
    nlohmann::json absent;  ///< the value where a job says nothing
    std::string help;
};

/// All keys with their rules.
const std::map<std::string, JobRule>& jobRules();

/// Precondition: `key` is one of jobKeys().
const JobRule& jobRule(const std::string& key);

/// What a user typed, as a value. Numbers may have commas between thousands.
///
/// Errors  InvalidInput: "lora.rank is "8x", not a whole number from 1 to 65536"
core::Result<nlohmann::json> valueOf(const std::string& key, std::string_view typed);

/// Whether a value may stand at a key, all others apart. Errors  as valueOf
core::Result<void> checkValue(const std::string& key, const nlohmann::json& value);

/// A value as a field shows it: 2048, 0.0001, "" for null, lists of texts with commas.
std::string textOf(const nlohmann::json& value);

/// The job key that a sentence of jobs/ begins with or is about; "" if it is about the job as a whole.
std::string keyOfSentence(std::string_view sentence);

}  // namespace facet::ui
