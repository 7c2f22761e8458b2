#pragma once

#include "app/commands/commands.h"
#include "engine/generate/loaded_model.h"

namespace facet::app {

/// What generate and score are told about the model.
struct LoadOptions {
    std::string model;
    bool textOnly = false;  ///< leaves out the vision part, also where the library does not say so
    std::string device = "auto";
    std::string type;     ///< "": bfloat16 on a GPU, float32 on a CPU
    std::string weights;  ///< "": as engine::placementOf() says
    int64_t context = 8192;
    std::vector<std::string> adapters;  ///< "DIR" or "DIR:scale"
};

/// "runs/a/adapter:0.5" is a folder and what its alpha is multiplied by; without a number it is 1. A folder
/// whose own name ends like that wins.
std::pair<std::string, double> adapterArgument(const std::string& argument);

void addAdapterOption(CLI::App& command, std::vector<std::string>& adapters);

void addLoadOptions(CLI::App& command, LoadOptions& options, bool modelIsRequired = true);

/// Where and how a model without files is to be made.
core::Result<engine::gemma3::Placement> placementOf(const LoadOptions& options);

/// Finds and loads the model. Shows progress on stderr if that is a terminal, and says there what its user
/// should know.
core::Result<engine::LoadedModel> load(const LoadOptions& options);

/// Puts adapters, as on the command line, on a loaded model. What shares its weights stays as it is.
core::Result<void> putOn(engine::LoadedModel& model, const std::vector<std::string>& adapters);

/// "cuda:0 (bfloat16)", "cpu (float32, int8 weights)".
std::string describe(const engine::LoadedModel& model);

}  // namespace facet::app
