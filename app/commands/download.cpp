#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "app/commands/downloading.h"

#include <iostream>

namespace facet::app {
namespace {

struct Options {
    core::DownloadRequest request;
    bool dryRun = false;
    bool json = false;
};

int showPlan(const Options& options)
{
    const core::Result<core::DownloadPlan> plan = core::planDownload(options.request);
    if (!plan)
        return downloadFailed(plan.error());
    if (options.json) {
        nlohmann::ordered_json files = nlohmann::ordered_json::array();
        for (const core::DownloadPlan::File& one : plan->files)
            files.push_back({{"path", one.file.path}, {"size", one.file.size}, {"cached", one.isThere}});
        printJson({{"id", options.request.id},
                   {"commit", plan->commit},
                   {"bytes", plan->bytesAll},
                   {"bytes_to_fetch", plan->bytesToFetch},
                   {"files", files}});
        return 0;
    }
    for (const core::DownloadPlan::File& one : plan->files)
        std::cout << one.file.path << "  " << inBytes(double(one.file.size))
                  << (one.isThere ? "  in the cache" : "") << '\n';
    std::cerr << plan->files.size() << " files, " << inBytes(double(plan->bytesAll))
              << "; to download: " << inBytes(double(plan->bytesToFetch)) << '\n';
    return 0;
}

int download(const Options& options)
{
    if (options.dryRun)
        return showPlan(options);
    const core::Result<core::DownloadedModel> model = downloadShown(options.request);
    if (!model)
        return downloadFailed(model.error());
    if (options.json) {
        printJson({{"id", options.request.id},
                   {"revision", options.request.revision},
                   {"commit", model->commit},
                   {"path", model->snapshot.string()},
                   {"files", model->files},
                   {"files_fetched", model->filesFetched},
                   {"bytes_fetched", model->bytesFetched}});
        return 0;
    }
    std::cout << model->snapshot.string() << std::endl;
    std::cerr << model->filesFetched << " of " << model->files << " files were downloaded, "
              << inBytes(double(model->bytesFetched)) << "; the others were in the cache\n";
    return 0;
}

}  // namespace

void addDownload(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "download",
        "Downloads a model into the Hugging Face cache and prints its folder. Of the model's top folder it "
        "takes "
        "what Facet and transformers read: safetensors, JSON, tokenizer and chat template files, README and "
        "LICENSE; not the same weights again as .bin, .pth, .gguf or ONNX.");
    const auto options = std::make_shared<Options>();
    command->add_option("HF_ID", options->request.id, "Such as google/gemma-3-4b-it")->required();
    command->add_option("--revision", options->request.revision, "A branch, tag or commit")
        ->capture_default_str();
    // One value each: what follows is the model.
    command
        ->add_option("--include", options->request.include,
                     "Take instead the files that a pattern such as '*.json' or 'onnx/*' matches; may be "
                     "repeated")
        ->allow_extra_args(false);
    command
        ->add_option("--exclude", options->request.exclude,
                     "Leave out files that a pattern matches; may be repeated")
        ->allow_extra_args(false);
    command->add_flag("--dry-run", options->dryRun, "Only list the files with their sizes");
    command->add_flag("--json", options->json, "One line of JSON");
    command->footer(kHubVariables);
    command->callback([options, &status] { status = download(*options); });
}

}  // namespace facet::app
