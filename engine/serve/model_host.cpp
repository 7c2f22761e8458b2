#include "engine/serve/model_host.h"

#include "core/base/text.h"
#include "core/gemma3/memory_estimate.h"
#include "engine/device.h"
#include "engine/guard.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <chrono>
#include <iostream>

namespace facet::engine::serve {
namespace {

using core::Error;
using core::ErrorCode;
using core::api::ErrorBody;
using core::api::LoadRequest;
using core::api::ModelState;

constexpr int64_t kDefaultContext = 8192;
constexpr int64_t kFeatureBytes = int64_t{256} << 20;
constexpr std::chrono::seconds kLetGo{2};
constexpr size_t kAnswerBytes = size_t{16} << 20;
constexpr int64_t kLeastCacheBytes = int64_t{256} << 20;
constexpr int64_t kMostCacheBytes = int64_t{8} << 30;

// A CPU computes 512 tokens of a 4B model in half a minute; others would wait that long for their next token.
constexpr int64_t kChunkBesideOthersOnCpu = 64;
constexpr int64_t kChunkBesideOthersOnGpu = 512;

std::string nameOf(at::ScalarType type)
{
    return type == at::kFloat ? "float32" : "bfloat16";
}

std::string nameOf(core::ChatTemplate::Kind kind)
{
    return kind == core::ChatTemplate::Kind::None     ? "none"
           : kind == core::ChatTemplate::Kind::Gemma3 ? "gemma3"
                                                      : "unknown";
}

int64_t memoryOf(at::Device device)
{
    const std::vector<DeviceInfo> devices = listDevices();
    const auto found = std::ranges::find(devices, device.str(), &DeviceInfo::id);
    return found == devices.end() ? 0 : found->memoryBytes;
}

Error unknownModel(const std::string& id, const std::string& loaded)
{
    return {ErrorCode::NotFound, "there is no model " + core::inQuotes(id) +
                                     (loaded.empty() ? "; none is loaded" : "; loaded are: " + loaded)};
}

}  // namespace

ServedModel::ServedModel(std::string modelId, LoadedModel model, int64_t contextTokens, int64_t cacheBytes,
                         const Scheduler::Settings& settings)
    : id(std::move(modelId)),
      loaded(std::move(model)),
      context(contextTokens),
      prefixes(cacheBytes),
      features(kFeatureBytes),
      answers(kAnswerBytes),
      adapted(loaded.model),
      scheduler(loaded.model, *loaded.tokenizer, settings, {&prefixes, &features})
{
}

void ServedModel::clearCache()
{
    prefixes.clear();
    features.clear();
    answers.clear();
    adapted.clear();
}

ModelHost::ModelHost(Settings settings) : m_settings(std::move(settings)) {}

ModelHost::~ModelHost()
{
    std::map<std::string, std::shared_ptr<Entry>> entries;
    {
        const std::lock_guard lock(m_mutex);
        entries.swap(m_entries);
    }
    for (const auto& [id, entry] : entries)
        entry->isCancelled = true;
    for (const auto& [id, entry] : entries)
        end(entry);
}

core::Result<ModelHost::Plan> ModelHost::plan(const LoadRequest& request) const
{
    core::Result<core::ResolvedModel> where = m_settings.resolve(request.model);
    if (!where)
        return where.error();
    const bool textOnly = where->textOnly || request.textOnly;
    core::Result<core::ModelFolder> folder = core::ModelFolder::open(where->path, textOnly);
    if (!folder)
        return folder.error();
    const core::Result<at::Device> device = chooseDevice(request.device, listDevices());
    if (!device)
        return device.error();
    LoadSettings settings;
    settings.device = *device;
    if (!request.dtype.empty())
        settings.type = request.dtype == "float32" ? at::kFloat : at::kBFloat16;
    if (settings.type == at::kBFloat16 && device->is_cpu())
        return Error{ErrorCode::InvalidInput,
                     "dtype is bfloat16, and a CPU computes in float32 only: leave it out or say float32"};
    if (!request.weights.empty())
        settings.weights = core::gemma3::weightFormatNamed(request.weights);
    const int64_t most = folder->config.text.maxPositions;
    settings.context = std::min(request.context > 0 ? request.context : kDefaultContext, most);
    if (request.context > most)
        return Error{ErrorCode::InvalidInput, "context is " + std::to_string(request.context) + ", and " +
                                                  where->name + " has " + std::to_string(most) +
                                                  " tokens at most"};
    where->textOnly = textOnly;
    return Plan{std::move(*where), std::move(*folder), settings};
}

core::Result<core::api::LoadEstimate> ModelHost::estimate(const LoadRequest& request) const
{
    const core::Result<Plan> made = plan(request);
    if (!made)
        return made.error();
    const core::gemma3::MemoryRequest memory = memoryRequestOf(made->settings, made->folder);
    const core::Result<int64_t> available = guarded([&] { return freeMemory(made->settings.device); });
    if (!available)
        return available.error();
    const core::gemma3::MemoryEstimate bytes = core::gemma3::estimateMemory(made->folder.config, memory);
    core::api::LoadEstimate estimate;
    estimate.weightBytes = bytes.weights;
    estimate.cacheBytes = bytes.cache;
    estimate.workspaceBytes = bytes.workspace;
    estimate.totalBytes = bytes.total();
    estimate.availableBytes = *available;
    const core::Result<void> fits =
        core::gemma3::checkMemory(made->folder.config, memory, *available, made->settings.device.str());
    estimate.fits = bool(fits);
    if (!fits)
        estimate.advice = fits.error().message;
    return estimate;
}

core::Result<std::string> ModelHost::load(const LoadRequest& request)
{
    core::Result<Plan> made = plan(request);
    if (!made)
        return made.error();
    const core::Result<int64_t> available = guarded([&] { return freeMemory(made->settings.device); });
    if (!available)
        return available.error();
    const core::Result<void> fits =
        core::gemma3::checkMemory(made->folder.config, memoryRequestOf(made->settings, made->folder),
                                  *available, made->settings.device.str());
    if (!fits)
        return fits.error().during("loading " + made->where.name);

    auto entry = std::make_shared<Entry>();
    entry->state.path = made->where.path.string();
    entry->state.device = made->settings.device.str();
    entry->state.context = made->settings.context;
    entry->state.vision = made->folder.config.vision.has_value();
    const gemma3::Placement placement = placementOf(made->settings, made->folder);
    entry->state.dtype = nameOf(placement.type);
    entry->state.weights = core::gemma3::nameOf(placement.weights);

    std::string id;
    std::shared_ptr<Entry> failed;
    {
        const std::lock_guard lock(m_mutex);
        id = freeName(made->where.name, entry->state.path);
        entry->state.id = made->where.name = id;
        std::shared_ptr<Entry>& place = m_entries[id];
        if (place && place->state.state != ModelState::State::Failed)
            return Error{ErrorCode::InvalidInput,
                         "model " + id + " is " +
                             (place->served ? "loaded already: unload it first to load it otherwise"
                                            : "being loaded already")};
        failed = std::exchange(place, entry);
        entry->loader = std::thread([this, entry, plan = std::move(*made)] { run(entry, plan); });
    }
    if (failed)
        end(failed);
    return id;
}

/// Folders of one name may be different models: the second one is NAME-2.
std::string ModelHost::freeName(const std::string& name, const std::string& path) const
{
    std::string id = name;
    for (int number = 2;; ++number) {
        const auto found = m_entries.find(id);
        if (found == m_entries.end() || found->second->state.path == path)
            return id;
        id = name + "-" + std::to_string(number);
    }
}

/// A loader's thread.
void ModelHost::run(const std::shared_ptr<Entry>& entry, const Plan& plan)
{
    core::Result<LoadedModel> loaded =
        openModel(plan.where.path, plan.where.textOnly, plan.settings, [&](int64_t done, int64_t all) {
            entry->progress = all > 0 ? double(done) / double(all) : 0;
            return !entry->isCancelled;
        });
    if (loaded && !loaded->tokenizer)
        loaded = loaded->tokenizer.error();
    core::Result<std::shared_ptr<ServedModel>> served =
        loaded ? guarded([&] { return serve(std::move(*loaded), plan.where.name, plan.settings); })
               : core::Result<std::shared_ptr<ServedModel>>(loaded.error());
    if (served)
        if (const auto unfit = adapted(**served, std::nullopt); std::holds_alternative<ErrorBody>(unfit))
            served = Error{ErrorCode::InvalidInput, std::get<ErrorBody>(unfit).message};

    const std::lock_guard lock(m_mutex);
    if (!served) {
        entry->state.state = ModelState::State::Failed;
        entry->state.error = served.error().message;
        if (served.error().code != ErrorCode::Cancelled)
            std::cerr << "facet-engine: loading " + plan.where.name + ": " + served.error().message + "\n";
        return;
    }
    entry->served = std::move(*served);
    entry->progress = 1;
    entry->state.state = ModelState::State::Ready;
    entry->state.mode = entry->served->isBase() ? "completion" : "chat";
    entry->state.chatTemplate = nameOf(entry->served->loaded.chatTemplate.kind());
}

std::shared_ptr<ServedModel> ModelHost::serve(LoadedModel loaded, const std::string& id,
                                              const LoadSettings& settings) const
{
    const bool isCpu = settings.device.is_cpu();
    const int64_t cacheBytes = m_settings.cacheBytes > 0 ? m_settings.cacheBytes
                                                         : std::clamp(memoryOf(settings.device) / 16,
                                                                      kLeastCacheBytes, kMostCacheBytes);
    return std::make_shared<ServedModel>(
        id, std::move(loaded), settings.context, cacheBytes,
        Scheduler::Settings{m_settings.numSlots, m_settings.maxWaiting, core::gemma3::promptChunk(!isCpu),
                            isCpu ? kChunkBesideOthersOnCpu : kChunkBesideOthersOnGpu});
}

core::Result<void> ModelHost::unload(const std::string& id)
{
    std::shared_ptr<Entry> entry;
    {
        const std::lock_guard lock(m_mutex);
        const auto found = m_entries.find(id);
        if (found == m_entries.end())
            return Error{ErrorCode::NotFound, "there is no model " + core::inQuotes(id) + " to unload"};
        entry = found->second;
        m_entries.erase(found);
    }
    end(entry);
    return {};
}

void ModelHost::end(const std::shared_ptr<Entry>& entry)
{
    entry->isCancelled = true;
    if (entry->loader.joinable())
        entry->loader.join();
    if (!entry->served)
        return;
    entry->served->scheduler.stop();
    entry->served->clearCache();
    // Its clients have just been told; the memory is free once they have let go.
    const at::Device device = entry->served->loaded.device();
    const auto deadline = std::chrono::steady_clock::now() + kLetGo;
    while (entry->served.use_count() > 1 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    entry->served.reset();
    if (!device.is_cpu())
        (void)guarded([&] { c10::getDeviceAllocator(device.type())->emptyCache(); });
}

std::vector<ModelState> ModelHost::models() const
{
    const std::lock_guard lock(m_mutex);
    std::vector<ModelState> states;
    for (const auto& [id, entry] : m_entries) {
        states.push_back(entry->state);
        states.back().progress = entry->progress;
    }
    return states;
}

std::variant<std::shared_ptr<ServedModel>, ErrorBody> ModelHost::find(const std::string& id) const
{
    std::string loaded;
    {
        const std::lock_guard lock(m_mutex);
        if (const auto found = m_entries.find(id); found != m_entries.end()) {
            const Entry& entry = *found->second;
            if (entry.served)
                return entry.served;
            if (entry.state.state == ModelState::State::Failed)
                return core::api::makeError(503, "loading " + id + " failed: " + entry.state.error, "model");
            return core::api::makeError(503,
                                        "model " + id + " is being loaded (" +
                                            std::to_string(int(100 * entry.progress)) +
                                            " %): try again in a while",
                                        "model");
        }
        for (const auto& [name, entry] : m_entries)
            if (entry->served)
                loaded += (loaded.empty() ? "" : ", ") + name;
    }
    // A client may not learn from here which folders exist: only names and ids are looked up.
    const bool isPath = id.starts_with('/') || id.starts_with('.') || id.starts_with('~');
    const bool isKnown = !isPath && m_settings.resolve(id);
    const std::string message = isKnown ? "model " + core::inQuotes(id) +
                                              " is not loaded: POST {\"model\": " + core::inQuotes(id) +
                                              "} to /facet/v1/load first"
                                        : unknownModel(id, loaded).message;
    return core::api::makeError(404, message, "model", "model_not_found");
}

std::vector<std::shared_ptr<ServedModel>> ModelHost::ready() const
{
    const std::lock_guard lock(m_mutex);
    std::vector<std::shared_ptr<ServedModel>> models;
    for (const auto& [id, entry] : m_entries)
        if (entry->served)
            models.push_back(entry->served);
    return models;
}

core::Result<std::string> ModelHost::loadAdapter(const core::api::AdapterLoadRequest& request)
{
    const core::Result<ServedAdapter> adapter = m_adapters.load(request);
    if (!adapter)
        return adapter.error();
    std::optional<Error> unfit;
    for (const auto& model : ready()) {
        const auto fits = model->adapted.find({{*adapter, 1.0}});
        if (fits)
            return adapter->state.id;
        unfit = fits.error().during("model " + model->id);
    }
    if (!unfit)
        return adapter->state.id;
    (void)m_adapters.unload(adapter->state.id);
    return *unfit;
}

std::variant<std::shared_ptr<AdaptedModel>, ErrorBody> ModelHost::adapted(
    ServedModel& model, const std::optional<std::vector<core::api::AdapterUse>>& uses) const
{
    const core::Result<AdapterSet> set = m_adapters.find(uses);
    if (!set)
        return core::api::makeError(400, set.error().message, "adapters");
    core::Result<std::shared_ptr<AdaptedModel>> made = model.adapted.find(*set);
    if (!made)
        return made.error().code == ErrorCode::InvalidInput
                   ? core::api::makeError(400, made.error().message, "adapters")
                   : core::api::errorBody(made.error());
    return std::move(*made);
}

core::api::QueueState ModelHost::queue() const
{
    core::api::QueueState queue;
    for (const auto& model : ready()) {
        const Scheduler::State state = model->scheduler.state();
        queue.running += state.running;
        queue.waiting += state.waiting;
        queue.slots += model->scheduler.settings().numSlots;
    }
    return queue;
}

core::api::CacheState ModelHost::cache() const
{
    core::api::CacheState cache;
    for (const auto& model : ready()) {
        cache.snapshots += static_cast<int64_t>(model->prefixes.size());
        cache.bytes += model->prefixes.bytes();
        cache.limitBytes += model->prefixes.limitBytes();
    }
    return cache;
}

void ModelHost::clearCache()
{
    for (const auto& model : ready())
        model->clearCache();
}

}  // namespace facet::engine::serve
