#pragma once

// What the commands share.

#include "core/base/result.h"
#include "core/models/model_ref.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace facet::app {

/// Says on stderr, in one sentence, why a command failed, and gives its exit code: 2 for what the user can
/// mend by writing the command differently, else 1.
int failed(const core::Error& error);

/// Finds what the user wrote for MODEL; "demo" is the model that comes with Facet.
core::Result<core::ResolvedModel> findModel(const std::string& argument);

/// The models that come with Facet: "demo".
std::vector<core::BuiltInModel> builtInModels();

/// What comes with Facet: FACET_RESOURCES, else beside the installed program, else in the source tree.
std::filesystem::path resourcesFolder();

/// One line of JSON on stdout. Bytes that are no UTF-8 become U+FFFD.
void printJson(const nlohmann::ordered_json& json);

/// "loading 45 %" on stderr if that is a terminal, rewritten in place and gone at the end.
void showPercent(const char* doing, int64_t done, int64_t all);

/// "3.88 B", "417 M", "1.2 k".
std::string inThousands(double count);

/// "7.8 GB", "12 MB".
std::string inBytes(double bytes);

}  // namespace facet::app
