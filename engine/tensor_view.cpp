#include "engine/tensor_view.h"

#include "core/gguf/blocks.h"
#include "engine/parallel_for.h"

namespace facet::engine {

namespace {

at::Tensor valuesOfBlocks(const core::TensorView& view)
{
    at::Tensor values = at::empty(view.shape, at::kFloat);
    const size_t size = core::sizeOf(view.dtype), length = core::blockLength(view.dtype);
    const std::span<float> to(values.data_ptr<float>(), static_cast<size_t>(values.numel()));
    parallelFor(static_cast<int64_t>(view.bytes.size() / size), /*grain=*/256,
                [&](int64_t begin, int64_t end) {
                    const auto first = static_cast<size_t>(begin), count = static_cast<size_t>(end - begin);
                    core::valuesOf(view.dtype, view.bytes.subspan(first * size, count * size),
                                   to.subspan(first * length, count * length));
                });
    return values;
}

}  // namespace

at::ScalarType scalarType(core::DType type)
{
    switch (type) {
        case core::DType::F64:
            return at::kDouble;
        case core::DType::F32:
            return at::kFloat;
        case core::DType::F16:
            return at::kHalf;
        case core::DType::BF16:
            return at::kBFloat16;
        case core::DType::I64:
            return at::kLong;
        case core::DType::I32:
            return at::kInt;
        case core::DType::I16:
            return at::kShort;
        case core::DType::I8:
            return at::kChar;
        case core::DType::U8:
            return at::kByte;
        case core::DType::Bool:
            return at::kBool;
        case core::DType::Q4_0:
        case core::DType::Q5_0:
        case core::DType::Q8_0:
        case core::DType::Q4_K:
        case core::DType::Q5_K:
        case core::DType::Q6_K:
            return at::kFloat;
    }
    TORCH_INTERNAL_ASSERT(false, "no such element type");
}

at::Tensor asTensor(const core::TensorView& view)
{
    if (core::isBlocked(view.dtype))
        return valuesOfBlocks(view);
    // from_blob wants a pointer that may be written; nobody writes through it.
    void* data = const_cast<std::byte*>(view.bytes.data());
    return at::from_blob(data, view.shape, at::dtype(scalarType(view.dtype)));
}

}  // namespace facet::engine
