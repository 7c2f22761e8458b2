#pragma once

// The adapters that a server has, by the ids that requests name, and the sets of them that are on a model.

#include "core/api/control.h"
#include "core/api/request.h"
#include "engine/generate/adapted_model.h"

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace facet::engine::serve {

struct ServedAdapter {
    core::api::AdapterState state;
    int64_t serial = 0;  ///< never given twice: another adapter may later have the same id
    std::shared_ptr<const PeftAdapter> adapter;
};

/// Adapters in their order, each with its scale.
using AdapterSet = std::vector<std::pair<ServedAdapter, double>>;

/// Thread  any.
class AdapterShelf {
public:
    /// Reads an adapter and gives it its id.
    ///
    /// Errors  those of readPeftFolder(); InvalidInput: the id is taken
    core::Result<ServedAdapter> load(const core::api::AdapterLoadRequest& request);

    /// Errors  NotFound
    core::Result<void> unload(const std::string& id);

    /// What answers use that name no adapters.
    void useByDefault(const std::string& id, double scale);

    /// Errors  InvalidInput: an id that nobody loaded
    core::Result<AdapterSet> find(const std::optional<std::vector<core::api::AdapterUse>>& uses) const;

    std::vector<core::api::AdapterState> list() const;

private:
    mutable std::mutex m_mutex;
    int64_t m_nextSerial = 1;
    std::vector<ServedAdapter> m_adapters;
    std::vector<core::api::AdapterUse> m_defaults;
};

/// One model's recently used sets of adapters. Thread  any.
class AdaptedModels {
public:
    explicit AdaptedModels(const gemma3::Model& base) : m_base(base) {}

    /// The same object for the same set, while it is known; none for the empty set, which is the base.
    ///
    /// Errors  those of adaptedModel()
    core::Result<std::shared_ptr<AdaptedModel>> find(const AdapterSet& set);

    void clear();

private:
    const gemma3::Model& m_base;
    std::mutex m_mutex;
    std::list<std::shared_ptr<AdaptedModel>> m_models;  // the last used in front
};

}  // namespace facet::engine::serve
