#include "core/gemma3/config_json.h"
#include "core/gemma3/tensor_names.h"
#include "core/safetensors/tensor_view.h"
#include "tests/fuzz/fuzz.h"

using namespace facet;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const bool textOnly : {false, true}) {
        const auto config = core::gemma3::parseConfig(text, textOnly);
        if (!config) {
            fuzz::require(!config.error().message.empty(), "an error says what is wrong");
            continue;
        }
        const auto& t = config->text;
        fuzz::require(t.layers.size() == static_cast<size_t>(t.numLayers), "each layer has a kind");
        fuzz::require(t.numHeads % t.numKvHeads == 0, "heads form groups");
        for (const auto& [name, shape] : core::gemma3::expectedTensors(*config)) {
            fuzz::require(core::gemma3::canonicalName(name) == name, "a canonical name is its own");
            fuzz::require(core::byteSize(core::DType::F64, shape).has_value(), "a shape is possible");
        }
    }
    return 0;
}
