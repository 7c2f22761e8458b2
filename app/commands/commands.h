#pragma once

// The subcommands of facet-engine. Each adds itself to the program; when it is chosen it runs, and sets
// `status` to the exit code: 0 done, 1 failed, 2 wrong usage.

#include <CLI/CLI.hpp>

namespace facet::app {

void addBench(CLI::App& program, int& status);
void addData(CLI::App& program, int& status);
void addDevices(CLI::App& program, int& status);
void addDownload(CLI::App& program, int& status);
void addEstimate(CLI::App& program, int& status);
void addEvaluate(CLI::App& program, int& status);
void addExport(CLI::App& program, int& status);
void addGenerate(CLI::App& program, int& status);
void addImport(CLI::App& program, int& status);
void addInspect(CLI::App& program, int& status);
void addModels(CLI::App& program, int& status);
void addQuality(CLI::App& program, int& status);
void addQueue(CLI::App& program, int& status);
void addRecipe(CLI::App& program, int& status);
void addScore(CLI::App& program, int& status);
void addSelftest(CLI::App& program, int& status);
void addServe(CLI::App& program, int& status);
void addSlurm(CLI::App& program, int& status);
void addTargets(CLI::App& program, int& status);
void addTokenize(CLI::App& program, int& status);
void addTrain(CLI::App& program, int& status);

}  // namespace facet::app
