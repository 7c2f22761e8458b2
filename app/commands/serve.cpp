#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "app/commands/loading.h"
#include "core/api/control.h"
#include "engine/serve/access.h"
#include "engine/serve/http_server.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace facet::app {
namespace {

namespace serve = engine::serve;
using Clock = std::chrono::steady_clock;

// After TERM answers may end by themselves for so long; then they are ended, and after all of it the process.
constexpr std::chrono::milliseconds kGrace{2500};
constexpr std::chrono::milliseconds kHardEnd{4500};

struct Options {
    serve::HttpServer::Settings http;
    core::api::LoadRequest model;
    serve::ModelHost::Settings host;
    std::vector<std::filesystem::path> roots;
    std::vector<std::string> adapters;
    int64_t cacheMegabytes = 0;
    bool parentStdin = false;
};

/// A file descriptor that becomes readable at TERM or INT, which no thread sees any more.
int signalsAsFile()
{
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGTERM);
    ::sigaddset(&signals, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return ::signalfd(-1, &signals, SFD_CLOEXEC);
}

/// Until a signal comes, stdin ends (if it is the parent's), or the time is up; true if something came.
bool waitForEnd(int signals, bool parentStdin, int milliseconds)
{
    while (true) {
        pollfd polls[] = {{signals, POLLIN, 0}, {parentStdin ? STDIN_FILENO : -1, POLLIN, 0}};
        const int ready = ::poll(polls, 2, milliseconds);
        if (ready == 0)
            return false;
        if (ready > 0 && polls[0].revents != 0) {
            signalfd_siginfo ignored{};
            return ::read(signals, &ignored, sizeof ignored) > 0;
        }
        char bytes[256];
        if (ready > 0 && polls[1].revents != 0 && ::read(STDIN_FILENO, bytes, sizeof bytes) <= 0)
            return true;
    }
}

void finishOrEndAnswers(serve::Routes& routes, int signals)
{
    std::thread([] {
        std::this_thread::sleep_for(kHardEnd);
        ::_exit(0);  // a step of a large model can take longer than anybody waits
    }).detach();
    routes.refuseAnswers();
    const auto end = Clock::now() + kGrace;
    while (routes.numAnswering() > 0 && Clock::now() < end)
        if (waitForEnd(signals, /*parentStdin=*/false, /*milliseconds=*/20))
            break;  // asked twice
    routes.endAnswers();
}

int run(Options options)
{
    if (!serve::isLoopback(options.http.host) && !options.http.remoteAllowed)
        return failed(
            {core::ErrorCode::InvalidInput,
             "--host " + options.http.host +
                 " lets other machines in: say --allow-remote if you want that (traffic is not encrypted)"});
    const char* token = std::getenv("FACET_TOKEN");
    const bool hasOwnToken = token && *token;
    options.http.token = hasOwnToken ? token : serve::randomToken();
    options.host.cacheBytes = options.cacheMegabytes * 1'000'000;
    options.host.resolve = findModel;

    const int signals = signalsAsFile();
    core::Result<serve::PictureSource> pictures = serve::PictureSource::open(options.roots);
    if (!pictures)
        return failed(pictures.error());
    serve::ModelHost models(options.host);
    serve::Routes routes(models, std::move(*pictures));
    const core::Result<std::unique_ptr<serve::HttpServer>> server =
        serve::HttpServer::listen(options.http, routes);
    if (!server)
        return failed(server.error());
    for (const std::string& argument : options.adapters) {
        const auto [folder, scale] = adapterArgument(argument);
        const core::Result<std::string> id = models.loadAdapter({folder, ""});
        if (!id)
            return failed(id.error());
        models.useByDefault(*id, scale);
    }
    if (!options.model.model.empty())
        if (const core::Result<std::string> id = models.load(options.model); !id)
            return failed(id.error());

    std::thread serving([&] { (*server)->run(); });
    printJson(core::api::toJson(
        core::api::ServerStart{(*server)->port(), hasOwnToken ? "" : options.http.token, FACET_VERSION}));
    waitForEnd(signals, options.parentStdin, /*milliseconds=*/-1);
    finishOrEndAnswers(routes, signals);
    (*server)->stop();
    serving.join();
    return 0;
}

}  // namespace

void addServe(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand("serve",
                                           "Answers over HTTP as OpenAI's API does, several clients at once; "
                                           "the first line on stdout is JSON with port "
                                           "and token.");
    const auto options = std::make_shared<Options>();
    command->add_option("--host", options->http.host, "Address to listen on")->capture_default_str();
    command->add_option("--port", options->http.port, "Port to listen on; 0: any that is free")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    command->add_flag("--allow-remote", options->http.remoteAllowed,
                      "With a --host that other machines can reach; they need the token, too");
    command->add_option(
        "--model,-m", options->model.model,
        "Load this at once: a library name, a folder, an id in the Hugging Face cache, or demo");
    command->add_option("--device", options->model.device, "auto, cpu, cuda, cuda:1")->capture_default_str();
    command
        ->add_option("--dtype", options->model.dtype,
                     "Type of the arithmetic; default: bfloat16 on a GPU, float32 on a CPU")
        ->check(CLI::IsMember({"float32", "bfloat16"}));
    command
        ->add_option("--weights", options->model.weights,
                     "How weights are stored; default: as the device likes")
        ->check(CLI::IsMember(core::gemma3::weightFormatNames()));
    command->add_option("--context", options->model.context, "Tokens of a prompt and its answer at most")
        ->check(CLI::Range(int64_t{1}, int64_t{10'000'000}));
    addAdapterOption(*command, options->adapters);
    command->add_flag("--text-only", options->model.textOnly, "Leave the vision part on the disk");
    command->add_option("--slots", options->host.numSlots, "Answers that are written at once, for each model")
        ->check(CLI::Range(int64_t{1}, int64_t{256}))
        ->capture_default_str();
    command->add_option("--max-waiting", options->host.maxWaiting, "Answers that may wait for a slot")
        ->check(CLI::Range(int64_t{0}, int64_t{10'000}))
        ->capture_default_str();
    command
        ->add_option("--cache-mb", options->cacheMegabytes,
                     "For snapshots of prompts, for each model; default: a sixteenth of the device's memory")
        ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}));
    command->add_option("--allow-files", options->roots,
                        "Requests may name pictures under this folder; may be repeated. Default: none");
    command->add_flag("--parent-stdin", options->parentStdin, "End when stdin is closed");
    command->footer(
        "FACET_TOKEN sets the token, which is then not printed. TERM finishes or ends answers and leaves "
        "within 5 seconds.\n"
        "  FACET_TOKEN=secret facet-engine serve -m gemma-3-4b-it --port 8080\n"
        "  curl http://127.0.0.1:8080/v1/models -H 'Authorization: Bearer secret'\n");
    command->callback([options, &status] { status = run(*options); });
}

}  // namespace facet::app
