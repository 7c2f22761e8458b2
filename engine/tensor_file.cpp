#include "engine/tensor_file.h"

#include "core/safetensors/safetensors_file.h"
#include "core/safetensors/safetensors_writer.h"
#include "engine/tensor_view.h"

namespace facet::engine {
namespace {

core::DType dtypeOf(at::ScalarType type)
{
    for (const core::DType candidate :
         {core::DType::F64, core::DType::F32, core::DType::F16, core::DType::BF16, core::DType::I64,
          core::DType::I32, core::DType::I16, core::DType::I8, core::DType::U8, core::DType::Bool})
        if (scalarType(candidate) == type)
            return candidate;
    TORCH_INTERNAL_ASSERT(false, "no element type of safetensors files for ", type);
}

}  // namespace

core::Result<void> writeTensors(const std::filesystem::path& path,
                                const std::map<std::string, at::Tensor>& tensors,
                                const std::map<std::string, std::string>& metadata)
{
    std::vector<core::SafetensorsWriter::Tensor> declared;
    for (const auto& [name, tensor] : tensors)
        declared.push_back({name, dtypeOf(tensor.scalar_type()), tensor.sizes().vec()});
    core::Result<core::SafetensorsWriter> writer = core::SafetensorsWriter::create(path, declared, metadata);
    if (!writer)
        return writer.error();
    for (const auto& [name, tensor] : tensors) {
        const at::Tensor local = tensor.detach().cpu().contiguous();
        const auto* bytes = static_cast<const std::byte*>(local.const_data_ptr());
        if (core::Result<void> done = writer->append(name, {bytes, local.nbytes()}); !done)
            return done;
    }
    return writer->finish();
}

core::Result<std::map<std::string, at::Tensor>> readTensors(const std::filesystem::path& path)
{
    const core::Result<core::SafetensorsFile> file = core::SafetensorsFile::open(path);
    if (!file)
        return file.error();
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [name, view] : file->tensors())
        tensors[name] = asTensor(view).clone();
    return tensors;
}

}  // namespace facet::engine
