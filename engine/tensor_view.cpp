#include "engine/tensor_view.h"

namespace facet::engine {

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
    }
    TORCH_INTERNAL_ASSERT(false, "no such element type");
}

at::Tensor asTensor(const core::TensorView& view)
{
    // from_blob wants a pointer that may be written; nobody writes through it.
    void* data = const_cast<std::byte*>(view.bytes.data());
    return at::from_blob(data, view.shape, at::dtype(scalarType(view.dtype)));
}

}  // namespace facet::engine
