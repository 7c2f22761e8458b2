#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "core/base/file.h"
#include "engine/device.h"
#include "engine/guard.h"
#include "engine/selftest/gpu_selftest.h"

#include <chrono>
#include <cstdio>

namespace facet::app {
namespace {

struct Options {
    bool gpu = false;
    std::string device = "cuda";
    std::string commit;
    std::string out;
};

int selftest(const Options& options)
{
    const std::vector<engine::DeviceInfo> devices = engine::listDevices();
    const core::Result<at::Device> device = engine::chooseDevice(options.device, devices);
    if (!device)
        return failed(device.error());
    if (!device->is_cuda())
        return failed(
            {core::ErrorCode::InvalidInput, options.device + " is no GPU: name one as cuda or cuda:0"});

    const auto start = std::chrono::steady_clock::now();
    nlohmann::ordered_json checks = nlohmann::ordered_json::array();
    int numFailed = 0;
    const auto onCheck = [&](const engine::selftest::Check& check) {
        numFailed += !check.isOk();
        std::printf("%s %-70s %.3g of %.3g\n", check.isOk() ? "ok  " : "FAIL", check.name.c_str(),
                    check.error, check.limit);
        std::fflush(stdout);
        checks.push_back(
            {{"name", check.name}, {"error", check.error}, {"limit", check.limit}, {"ok", check.isOk()}});
    };
    const core::Result<void> done = engine::guarded([&] {
        engine::selftest::checkGpuKernels(*device, onCheck);
        engine::selftest::checkGpuTraining(*device, onCheck);
        engine::selftest::checkGpuModels(*device, onCheck);
    });
    if (!done)
        return failed(done.error());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const size_t numChecks = checks.size();
    std::printf("%zu checks on %s in %.0f s, %d failed\n", numChecks, device->str().c_str(), seconds,
                numFailed);

    if (!options.out.empty()) {
        nlohmann::ordered_json report = {{"version", FACET_VERSION}, {"commit", options.commit}};
        for (const engine::DeviceInfo& info : devices)
            if (info.id == device->str() || (info.id == "cuda:0" && device->str() == "cuda"))
                report.update(
                    {{"device", info.name}, {"capability", info.capability}, {"driver", info.driver}});
        report.update({{"code", engine::selftest::codeOf(*device)},
                       {"seconds", seconds},
                       {"failed", numFailed},
                       {"checks", std::move(checks)}});
        if (const core::Result<void> written = core::writeFileAtomically(options.out, report.dump(1) + "\n");
            !written)
            return failed(written.error());
    }
    return numFailed == 0 ? 0 : 1;
}

}  // namespace

void addSelftest(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "selftest",
        "Checks that this machine's GPU computes what it should: every kernel, then prompts and decoding of "
        "models in "
        "the shapes of 270M to 27B, against float32. Takes a few minutes and no files.");
    const auto options = std::make_shared<Options>();
    command->add_flag("--gpu", options->gpu, "The GPU's kernels and models")->required();
    command->add_option("--device", options->device, "Which GPU")->capture_default_str();
    command->add_option("--commit", options->commit, "Is noted in the report");
    command->add_option("--out", options->out, "Writes a report as JSON");
    command->callback([options, &status] { status = selftest(*options); });
}

}  // namespace facet::app
