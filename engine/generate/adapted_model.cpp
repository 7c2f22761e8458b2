#include "engine/generate/adapted_model.h"

#include "core/gemma3/tensor_names.h"

#include <algorithm>
#include <map>

namespace facet::engine {
namespace {

constexpr int64_t kFeatureBytes = int64_t{128} << 20;

bool changesPictures(const PeftAdapter& adapter)
{
    using core::gemma3::isVisionTensor;
    return std::ranges::any_of(adapter.layers,
                               [](const auto& layer) { return isVisionTensor(layer->settings.module); }) ||
           std::ranges::any_of(adapter.tensors,
                               [](const auto& tensor) { return isVisionTensor(tensor.first); });
}

}  // namespace

core::Result<std::shared_ptr<AdaptedModel>> adaptedModel(const gemma3::Model& base,
                                                         const std::vector<ScaledAdapter>& adapters,
                                                         std::string key)
{
    auto adapted = std::make_shared<AdaptedModel>();
    adapted->model = base;
    adapted->key = std::move(key);
    std::map<std::string, std::string> replacedBy;
    for (const auto& [name, adapter, scale] : adapters) {
        for (const auto& [tensor, values] : adapter->tensors)
            if (const auto [first, isFirst] = replacedBy.emplace(tensor, name); !isFirst)
                return core::Error{core::ErrorCode::InvalidInput, "adapters " + first->second + " and " +
                                                                      name + " both replace " + tensor +
                                                                      " as a whole: use one of them"};
        const core::Result<Attached> attached = attach(*adapter, adapted->model, scale);
        if (!attached)
            return attached.error().during("adapter " + name);
        if (const std::string note = attached->note(name); !note.empty())
            adapted->notes.push_back(note);
        if (changesPictures(*adapter) && !adapted->features)
            adapted->features = std::make_unique<PictureFeatures>(kFeatureBytes);
    }
    return adapted;
}

}  // namespace facet::engine
