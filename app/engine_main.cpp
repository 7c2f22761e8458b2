// facet-engine: everything Facet does without a window, one command each.

#include "app/commands/commands.h"

#include <clocale>
#include <cstdlib>

int main(int argc, char** argv)
{
    // So that cuda:0 here is the GPU that nvidia-smi calls 0.
    ::setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", /*overwrite=*/0);

    CLI::App program("Gemma 3 without a window: import, inspect, chat, score, train.", "facet-engine");
    program.set_version_flag("--version", FACET_VERSION);
    program.require_subcommand(1);
    program.failure_message([](const CLI::App*, const CLI::Error& error) {
        return "facet-engine: " + std::string(error.what()) + " (see --help)\n";
    });

    int status = 0;
    facet::app::addImport(program, status);
    facet::app::addDownload(program, status);
    facet::app::addModels(program, status);
    facet::app::addInspect(program, status);
    facet::app::addDevices(program, status);
    facet::app::addGenerate(program, status);
    facet::app::addTokenize(program, status);
    facet::app::addTrain(program, status);
    facet::app::addQueue(program, status);
    facet::app::addExport(program, status);
    facet::app::addScore(program, status);
    facet::app::addEvaluate(program, status);
    facet::app::addQuality(program, status);
    facet::app::addBench(program, status);
    facet::app::addSelftest(program, status);
    facet::app::addServe(program, status);
    facet::app::addSlurm(program, status);
    facet::app::addTargets(program, status);
    facet::app::addData(program, status);
    facet::app::addEstimate(program, status);
    facet::app::addRecipe(program, status);

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : 2;
    }
    return status;
}
