#pragma once

// A model folder small enough to be written for each test. That its names and shapes are Hugging Face's is
// tested elsewhere: model_folder_peer_test.

#include "core/base/file.h"
#include "core/gemma3/config_json.h"
#include "core/gemma3/tensor_names.h"
#include "core/safetensors/safetensors_writer.h"

#include "tests/support/check.h"

#include <QTest>

#include <functional>
#include <string>

namespace facet::core {

inline constexpr const char* kTinyText =
    R"({"model_type": "gemma3_text", "hidden_size": 8, "intermediate_size": 12,
    "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4, "vocab_size": 30})";
inline const std::string kTinyVision =
    R"({"model_type": "gemma3", "mm_tokens_per_image": 4, "eos_token_id": [1, 106],
    "text_config": )" +
    std::string(kTinyText) + R"(,
    "vision_config": {"hidden_size": 6, "intermediate_size": 10, "num_hidden_layers": 1, "num_attention_heads": 2,
                      "image_size": 28, "patch_size": 7}})";

/// Writes config.json and model.safetensors. `change` may change the tensors' declarations before.
inline void writeTinyModel(const std::filesystem::path& folder, const std::string& config,
                           const std::function<void(std::vector<SafetensorsWriter::Tensor>&)>& change = {})
{
    std::filesystem::create_directories(folder);
    QVERIFY(writeFileAtomically(folder / "config.json", config));
    const Result<gemma3::Config> parsed = gemma3::parseConfig(config, false);
    QVERIFY2(parsed, reason(parsed));
    std::vector<SafetensorsWriter::Tensor> tensors;
    for (const auto& [name, shape] : gemma3::expectedTensors(*parsed))
        tensors.push_back({name, DType::BF16, shape});
    if (change)
        change(tensors);
    Result<SafetensorsWriter> writer = SafetensorsWriter::create(folder / "model.safetensors", tensors);
    QVERIFY2(writer, reason(writer));
    for (const SafetensorsWriter::Tensor& tensor : tensors) {
        // Each tensor has bytes of its own, but a head those of the table.
        const char fill = tensor.name.find("lm_head") == std::string::npos ? tensor.name.front() : 'l';
        const std::string bytes(*byteSize(tensor.dtype, tensor.shape), fill);
        const Result<void> appended = writer->append(tensor.name, std::as_bytes(std::span(bytes)));
        QVERIFY2(appended, reason(appended));
    }
    const Result<void> finished = writer->finish();
    QVERIFY2(finished, reason(finished));
}

}  // namespace facet::core
