#include "app/commands/loading.h"

#include "app/commands/common.h"
#include "engine/device.h"
#include "engine/generate/adapted_model.h"

#include <charconv>
#include <cmath>
#include <iostream>

namespace facet::app {

core::Result<void> putOn(engine::LoadedModel& model, const std::vector<std::string>& arguments)
{
    std::vector<engine::ScaledAdapter> adapters;
    for (const std::string& argument : arguments) {
        const auto [folder, scale] = adapterArgument(argument);
        core::Result<engine::PeftAdapter> adapter = engine::readPeftFolder(folder);
        if (!adapter)
            return adapter.error();
        adapters.push_back({folder, std::make_shared<const engine::PeftAdapter>(std::move(*adapter)), scale});
    }
    const core::Result<std::shared_ptr<engine::AdaptedModel>> adapted =
        engine::adaptedModel(model.model, adapters, "");
    if (!adapted)
        return adapted.error();
    for (const std::string& note : (*adapted)->notes)
        std::cerr << "note: " << note << '\n';
    model.model = (*adapted)->model;
    return {};
}

std::pair<std::string, double> adapterArgument(const std::string& argument)
{
    const size_t colon = argument.rfind(':');
    std::error_code ignored;
    if (colon == std::string::npos || std::filesystem::exists(argument, ignored))
        return {argument, 1};
    double scale = 1;
    const char* const end = argument.data() + argument.size();
    const auto [stop, failure] = std::from_chars(argument.data() + colon + 1, end, scale);
    const bool isNumber = failure == std::errc() && stop == end && std::isfinite(scale);
    return isNumber ? std::pair(argument.substr(0, colon), scale) : std::pair(argument, 1.0);
}

void addAdapterOption(CLI::App& command, std::vector<std::string>& adapters)
{
    command.add_option(
        "--adapter,-a", adapters,
        "DIR or DIR:SCALE: a PEFT adapter folder, such as a run's checkpoint, and what its alpha "
        "is multiplied by; may be repeated");
}

void addLoadOptions(CLI::App& command, LoadOptions& options, bool modelIsRequired)
{
    command
        .add_option("--model,-m", options.model,
                    "A library name, a folder, a .gguf file, an id in the Hugging Face cache, or demo")
        ->required(modelIsRequired);
    command.add_option("--device", options.device,
                       "auto, cpu, cuda, cuda:1; auto takes the first usable GPU, else the CPU");
    command
        .add_option("--dtype", options.type,
                    "Type of the arithmetic; default: bfloat16 on a GPU, float32 on a CPU")
        ->check(CLI::IsMember({"float32", "bfloat16"}));
    command
        .add_option(
            "--weights", options.weights,
            "How weights are kept in memory, made at load from any checkpoint: int8 and int4 take a half and "
            "a quarter of bfloat16, nf4 is what a qlora adapter was trained over; default: as --dtype, on a "
            "CPU as the checkpoint (facet-engine quality measures what each costs)")
        ->check(CLI::IsMember(core::gemma3::weightFormatNames()));
    command
        .add_option(
            "--context", options.context,
            "Tokens of prompt and answer that must fit in memory beside the weights, or the model is refused")
        ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
        ->capture_default_str();
    addAdapterOption(command, options.adapters);
}

core::Result<engine::gemma3::Placement> placementOf(const LoadOptions& options)
{
    const core::Result<at::Device> device = engine::chooseDevice(options.device, engine::listDevices());
    if (!device)
        return device.error();
    using core::gemma3::WeightFormat;
    const bool isFloat = options.type.empty() ? device->is_cpu() : options.type == "float32";
    return engine::gemma3::Placement{*device, isFloat ? at::kFloat : at::kBFloat16,
                                     core::gemma3::weightFormatNamed(options.weights)
                                         .value_or(isFloat ? WeightFormat::Float32 : WeightFormat::BFloat16)};
}

core::Result<engine::LoadedModel> load(const LoadOptions& options)
{
    const core::Result<core::ResolvedModel> where = findModel(options.model);
    if (!where)
        return where.error();
    const std::vector<engine::DeviceInfo> devices = engine::listDevices();
    const core::Result<at::Device> device = engine::chooseDevice(options.device, devices);
    if (!device)
        return device.error();
    if (options.device == "auto" && device->is_cpu())
        for (const engine::DeviceInfo& gpu : devices)
            if (!gpu.problem.empty())
                std::cerr << gpu.id << " (" << gpu.name << ") cannot be used: " << gpu.problem
                          << "; running on the CPU\n";

    engine::LoadSettings settings = {
        *device, {}, core::gemma3::weightFormatNamed(options.weights), options.context};
    if (!options.type.empty())
        settings.type = options.type == "float32" ? at::kFloat : at::kBFloat16;
    core::Result<engine::LoadedModel> model = engine::openModel(
        where->path, where->textOnly || options.textOnly, settings, [](int64_t done, int64_t all) {
            showPercent("loading", done, all);
            return true;
        });
    if (!model)
        return model.error().during("loading " + where->name);
    if (!model->unexpectedTensors.empty())
        std::cerr << "note: " << model->unexpectedTensors.size()
                  << " tensors in the files are none of Gemma 3's and are "
                  << "not used, such as " << model->unexpectedTensors.front()
                  << " (facet-engine inspect lists them)\n";
    if (model->chatTemplate.kind() == core::ChatTemplate::Kind::Unknown)
        std::cerr << "note: this model's chat template is not one of Gemma 3's; it is treated as Gemma 3's. "
                     "It differs in:\n"
                  << model->chatTemplate.difference() << '\n';
    if (!options.adapters.empty())
        if (const core::Result<void> adapted = putOn(*model, options.adapters); !adapted)
            return adapted.error();
    return model;
}

std::string describe(const engine::LoadedModel& model)
{
    const std::string type = model.type() == at::kFloat ? "float32" : "bfloat16";
    const std::string weights(core::gemma3::nameOf(model.weightFormat()));
    return model.device().str() + " (" + type + (weights == type ? ")" : ", " + weights + " weights)");
}

}  // namespace facet::app
