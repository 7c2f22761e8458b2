#pragma once

// The models that a server has: being loaded, ready, or failed.

#include "core/api/control.h"
#include "core/api/error.h"
#include "core/models/model_ref.h"
#include "engine/generate/answer_memory.h"
#include "engine/generate/loaded_model.h"
#include "engine/generate/scheduler.h"
#include "engine/serve/adapters.h"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace facet::engine::serve {

/// A model that answers, with what its answers share.
struct ServedModel {
    ServedModel(std::string id, LoadedModel loaded, int64_t context, int64_t cacheBytes,
                const Scheduler::Settings& settings);

    const std::string id;
    const LoadedModel loaded;
    const int64_t context;  ///< tokens of a prompt and its answer
    PrefixCache prefixes;
    PictureFeatures features;
    AnswerMemory answers;
    AdaptedModels adapted;
    Scheduler scheduler;  // last: it uses all of the above

    const core::Tokenizer& tokenizer() const { return *loaded.tokenizer; }
    bool isBase() const { return loaded.chatTemplate.kind() == core::ChatTemplate::Kind::None; }
    void clearCache();
};

/// Thread  any, for all calls.
class ModelHost {
public:
    struct Settings {
        int64_t numSlots = 8;
        int64_t maxWaiting = 64;
        int64_t cacheBytes = 0;  ///< of snapshots, for each model; 0: a sixteenth of the device's memory

        /// Finds what a client wrote for a model: a name, a folder, an id.
        std::function<core::Result<core::ResolvedModel>(const std::string&)> resolve;
    };

    explicit ModelHost(Settings settings);

    /// Ends all answers and cancels what is being loaded. Blocks for the step that is being taken.
    ~ModelHost();

    /// Errors  NotFound, InvalidInput, Unavailable: the model, the device.
    core::Result<core::api::LoadEstimate> estimate(const core::api::LoadRequest& request) const;

    /// Starts to load a model, and gives its id. What the machine cannot hold is refused here.
    ///
    /// Errors  as estimate(); OutOfMemory; InvalidInput if it is there already.
    core::Result<std::string> load(const core::api::LoadRequest& request);

    /// Ends a model's answers and frees its memory, or cancels its loading.
    ///
    /// Errors  NotFound
    core::Result<void> unload(const std::string& id);

    std::vector<core::api::ModelState> models() const;

    /// A model that is ready, or the error that a request for it deserves.
    std::variant<std::shared_ptr<ServedModel>, core::api::ErrorBody> find(const std::string& id) const;

    /// Reads an adapter, which fits one of the ready models at least if there are any, and gives its id.
    ///
    /// Errors  those of AdapterShelf::load() and of adaptedModel()
    core::Result<std::string> loadAdapter(const core::api::AdapterLoadRequest& request);
    core::Result<void> unloadAdapter(const std::string& id) { return m_adapters.unload(id); }
    std::vector<core::api::AdapterState> adapters() const { return m_adapters.list(); }

    /// For requests that name no adapters. A model that is loaded later has to fit.
    void useByDefault(const std::string& adapterId, double scale)
    {
        m_adapters.useByDefault(adapterId, scale);
    }

    /// A model with the adapters of a request on it; none for the model itself.
    std::variant<std::shared_ptr<AdaptedModel>, core::api::ErrorBody> adapted(
        ServedModel& model, const std::optional<std::vector<core::api::AdapterUse>>& uses) const;

    core::api::QueueState queue() const;
    core::api::CacheState cache() const;
    void clearCache();

private:
    struct Entry {
        core::api::ModelState state;          // guarded by m_mutex
        std::shared_ptr<ServedModel> served;  // guarded by m_mutex
        std::atomic<double> progress = 0;
        std::atomic<bool> isCancelled = false;
        std::thread loader;
    };

    /// What a request means, before anything is read but headers.
    struct Plan {
        core::ResolvedModel where;
        core::ModelFolder folder;
        LoadSettings settings;
    };

    core::Result<Plan> plan(const core::api::LoadRequest& request) const;
    std::string freeName(const std::string& name, const std::string& path) const;  // with m_mutex held
    void run(const std::shared_ptr<Entry>& entry, const Plan& plan);
    std::shared_ptr<ServedModel> serve(LoadedModel loaded, const std::string& id,
                                       const LoadSettings& settings) const;
    std::vector<std::shared_ptr<ServedModel>> ready() const;
    static void end(const std::shared_ptr<Entry>& entry);

    const Settings m_settings;
    AdapterShelf m_adapters;
    mutable std::mutex m_mutex;
    std::map<std::string, std::shared_ptr<Entry>> m_entries;  // guarded by m_mutex
};

}  // namespace facet::engine::serve
