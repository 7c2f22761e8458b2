#include "engine/convert/gguf_export.h"

#include "core/gemma3/gguf_names.h"
#include "core/gemma3/tensor_names.h"
#include "core/gguf/blocks.h"
#include "core/models/gguf_model.h"
#include "engine/guard.h"
#include "engine/parallel_for.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace facet::engine {
namespace {

namespace fs = std::filesystem;
using core::DType;
using core::Error;
using core::ErrorCode;

DType storedType(const ExportedTensor& tensor, DType wanted)
{
    const bool isEmbeddingOfTower = tensor.name.starts_with("vision_tower.embeddings.");
    if (tensor.shape.size() == 1 || isEmbeddingOfTower)
        return DType::F32;
    // llama.cpp transposes it as it runs, which it can do in these two types only.
    if (tensor.name == "multi_modal_projector.mm_input_projection_weight")
        return wanted == DType::F16 ? DType::F16 : DType::F32;
    const bool isWholeBlocks = tensor.shape.back() % static_cast<int64_t>(core::blockLength(wanted)) == 0;
    return isWholeBlocks ? wanted : DType::F16;
}

/// One of the two files.
struct Part {
    fs::path path;
    core::GgufWriter::Metadata metadata;
    std::vector<const ExportedTensor*> tensors;

    std::vector<core::GgufWriter::Tensor> declared(DType type) const
    {
        std::vector<core::GgufWriter::Tensor> declared;
        for (const ExportedTensor* tensor : tensors)
            declared.push_back(
                {*core::gemma3::ggufNameOf(tensor->name), storedType(*tensor, type), tensor->shape});
        return declared;
    }
};

int64_t numBytesOf(const core::GgufWriter::Tensor& tensor)
{
    return static_cast<int64_t>(core::byteSize(tensor.dtype, tensor.shape).value_or(0));
}

std::vector<std::byte> stored(const at::Tensor& values, DType type)
{
    const auto count = static_cast<size_t>(values.numel());
    const size_t length = core::blockLength(type), size = core::sizeOf(type);
    std::vector<std::byte> bytes(count / length * size);
    const std::span<const float> from(values.const_data_ptr<float>(), count);
    constexpr int64_t kGrain = 1 << 14;
    parallelFor(static_cast<int64_t>(count / length), kGrain / static_cast<int64_t>(length),
                [&](int64_t begin, int64_t end) {
                    const auto first = static_cast<size_t>(begin), blocks = static_cast<size_t>(end - begin);
                    core::storeValues(type, from.subspan(first * length, blocks * length),
                                      std::span(bytes).subspan(first * size, blocks * size));
                });
    return bytes;
}

core::Result<void> writePart(const Part& part, const GgufExportOptions& options, int64_t& done, int64_t all)
{
    const std::vector<core::GgufWriter::Tensor> declared = part.declared(options.type);
    core::Result<core::GgufWriter> writer = core::GgufWriter::create(part.path, part.metadata, declared);
    if (!writer)
        return writer.error();
    for (size_t i = 0; i < declared.size(); ++i) {
        const std::string& name = part.tensors[i]->name;
        at::Tensor values = part.tensors[i]->make().detach().to(at::kFloat).cpu().contiguous();
        if (core::gemma3::isStoredPlusOne(name))
            values = values + 1;
        if (declared[i].dtype == DType::F16 && values.numel() > 0 &&
            values.abs().max().item<float>() >= 65520)
            return Error{ErrorCode::InvalidInput,
                         "tensor " + name + " has values too large for F16; export it as bf16"};
        if (core::Result<void> written = writer->append(declared[i].name, stored(values, declared[i].dtype));
            !written)
            return written;
        done += numBytesOf(declared[i]);
        if (options.progress && !options.progress(done, all))
            return Error{ErrorCode::Cancelled,
                         "the export was cancelled; nothing was written to " + part.path.string()};
    }
    return writer->finish();
}

}  // namespace

fs::path visionFileOf(const fs::path& file)
{
    return file.parent_path() / ("mmproj-" + file.filename().string());
}

core::Result<std::vector<fs::path>> writeGguf(const fs::path& file, const gemma3::Model& model,
                                              const core::GenerationConfig& generation, const fs::path& base,
                                              const GgufExportOptions& options)
{
    const core::GgufDescription description = {options.name, options.type, &model.config, &generation, base};
    core::Result<core::GgufWriter::Metadata> metadata = core::ggufMetadataOf(description);
    if (!metadata)
        return metadata.error();
    const at::NoGradGuard noGradients;
    const std::vector<ExportedTensor> tensors = exportedTensors(model);
    // The vision part comes first: what stands at the name that the user gave is then whole with all it
    // needs.
    std::vector<Part> parts;
    if (model.config.vision)
        parts.push_back({visionFileOf(file), core::ggufVisionMetadataOf(description), {}});
    parts.push_back({file, *std::move(metadata), {}});
    for (const ExportedTensor& tensor : tensors)
        (core::gemma3::isVisionTensor(tensor.name) ? parts.front() : parts.back()).tensors.push_back(&tensor);

    int64_t done = 0, all = 0;
    for (const Part& part : parts)
        for (const core::GgufWriter::Tensor& tensor : part.declared(options.type))
            all += numBytesOf(tensor);
    if (core::Result<void> room = checkFreeSpace(file.parent_path(), all); !room)
        return room.error();
    std::vector<fs::path> written;
    for (const Part& part : parts) {
        const core::Result<core::Result<void>> result =
            guarded([&] { return writePart(part, options, done, all); });
        if (!result || !*result) {
            std::error_code ignored;
            for (const fs::path& half : written)
                fs::remove(half, ignored);
            return result ? result->error() : result.error();
        }
        written.push_back(part.path);
    }
    return written;
}

}  // namespace facet::engine
