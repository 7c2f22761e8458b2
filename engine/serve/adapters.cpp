#include "engine/serve/adapters.h"

#include "core/base/text.h"
#include "core/run/run_folder.h"
#include "engine/guard.h"

#include <algorithm>
#include <charconv>

namespace facet::engine::serve {
namespace {

using core::Error;
using core::ErrorCode;
using core::api::AdapterState;
using core::api::AdapterUse;

constexpr size_t kMaxSets = 16;  // that are kept; a client may try any number of scales

std::string keyOf(const AdapterSet& set)
{
    std::string key;
    for (const auto& [adapter, scale] : set) {
        char text[32];
        const auto end = std::to_chars(text, text + sizeof text, scale).ptr;
        key += std::to_string(adapter.serial) + ":" + std::string(text, end) + " ";
    }
    return key;
}

std::string idOf(const ServedAdapter& adapter)
{
    return adapter.state.id;
}

}  // namespace

core::Result<ServedAdapter> AdapterShelf::load(const core::api::AdapterLoadRequest& request)
{
    std::error_code ignored;
    std::filesystem::path path = std::filesystem::absolute(request.path, ignored).lexically_normal();
    if (!path.has_filename())
        path = path.parent_path();
    core::Result<core::Result<PeftAdapter>> read = guarded([&] { return readPeftFolder(path); });
    if (!read)
        return read.error();
    if (!*read)
        return read->error();
    ServedAdapter adapter = {
        {request.id.empty() ? core::nameOfFolder(path) : request.id, path.string(), (*read)->baseModel, 0},
        0,
        nullptr};
    for (const auto& layer : (*read)->layers)
        adapter.state.rank = std::max(adapter.state.rank, layer->settings.rank);
    adapter.adapter = std::make_shared<const PeftAdapter>(std::move(**read));

    const std::lock_guard lock(m_mutex);
    if (const auto same = std::ranges::find(m_adapters, adapter.state.id, idOf); same != m_adapters.end())
        return Error{ErrorCode::InvalidInput, "id " + core::inQuotes(adapter.state.id) + " is that of " +
                                                  same->state.path +
                                                  " already: unload it first, or give another id"};
    adapter.serial = m_nextSerial++;
    m_adapters.push_back(adapter);
    return adapter;
}

core::Result<void> AdapterShelf::unload(const std::string& id)
{
    const std::lock_guard lock(m_mutex);
    if (std::erase_if(m_adapters, [&](const ServedAdapter& adapter) { return adapter.state.id == id; }) == 0)
        return Error{ErrorCode::NotFound, "there is no adapter " + core::inQuotes(id) + " to unload"};
    std::erase_if(m_defaults, [&](const AdapterUse& use) { return use.id == id; });
    return {};
}

void AdapterShelf::useByDefault(const std::string& id, double scale)
{
    const std::lock_guard lock(m_mutex);
    m_defaults.push_back({id, scale});
}

core::Result<AdapterSet> AdapterShelf::find(const std::optional<std::vector<AdapterUse>>& uses) const
{
    const std::lock_guard lock(m_mutex);
    AdapterSet set;
    for (const auto& [id, scale] : uses ? *uses : m_defaults) {
        const auto found = std::ranges::find(m_adapters, id, idOf);
        if (found == m_adapters.end())
            return Error{ErrorCode::InvalidInput,
                         "there is no adapter " + core::inQuotes(id) +
                             ": POST {\"path\": FOLDER} to /facet/v1/adapters/load first"};
        set.emplace_back(*found, scale);
    }
    return set;
}

std::vector<AdapterState> AdapterShelf::list() const
{
    const std::lock_guard lock(m_mutex);
    std::vector<AdapterState> states;
    for (const ServedAdapter& adapter : m_adapters)
        states.push_back(adapter.state);
    return states;
}

core::Result<std::shared_ptr<AdaptedModel>> AdaptedModels::find(const AdapterSet& set)
{
    if (set.empty())
        return std::shared_ptr<AdaptedModel>();
    const std::string key = keyOf(set);
    const std::lock_guard lock(m_mutex);
    const auto known =
        std::ranges::find(m_models, key, [](const auto& model) -> const std::string& { return model->key; });
    if (known != m_models.end()) {
        m_models.splice(m_models.begin(), m_models, known);
        return m_models.front();
    }
    std::vector<ScaledAdapter> adapters;
    for (const auto& [adapter, scale] : set)
        adapters.push_back({adapter.state.id, adapter.adapter, scale});
    core::Result<std::shared_ptr<AdaptedModel>> made = adaptedModel(m_base, adapters, key);
    if (!made)
        return made;
    m_models.push_front(*made);
    if (m_models.size() > kMaxSets)
        m_models.pop_back();
    return made;
}

void AdaptedModels::clear()
{
    const std::lock_guard lock(m_mutex);
    m_models.clear();
}

}  // namespace facet::engine::serve
