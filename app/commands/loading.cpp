#include "app/commands/loading.h"

#include "app/commands/common.h"
#include "engine/device.h"

#include <unistd.h>

#include <iostream>

namespace facet::app {
namespace {

/// "loading 45 %" on a terminal, rewritten in place.
bool showProgress(int64_t done, int64_t all)
{
    static const bool isTerminal = ::isatty(STDERR_FILENO) == 1;
    if (isTerminal && all > 0)
        std::cerr << (done < all ? "\rloading " + std::to_string(100 * done / all) + " % "
                                 : "\r             \r");
    return true;
}

}  // namespace

void addLoadOptions(CLI::App& command, LoadOptions& options)
{
    command
        .add_option("--model,-m", options.model,
                    "A library name, a folder, an id in the Hugging Face cache, or demo")
        ->required();
    command.add_option("--device", options.device,
                       "auto, cpu, cuda, cuda:1; auto takes the first usable GPU, else the CPU");
    command
        .add_option("--dtype", options.type,
                    "Type of the arithmetic; default: bfloat16 on a GPU, float32 on a CPU")
        ->check(CLI::IsMember({"float32", "bfloat16"}));
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

    const bool isFloat = options.type.empty() ? device->is_cpu() : options.type == "float32";
    core::Result<engine::LoadedModel> model = engine::openModel(
        where->path, where->textOnly, *device, isFloat ? at::kFloat : at::kBFloat16, showProgress);
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
    return model;
}

std::string describe(const engine::LoadedModel& model)
{
    return model.device().str() + (model.type() == at::kFloat ? " (float32)" : " (bfloat16)");
}

}  // namespace facet::app
