#include "core/safetensors/safetensors_file.h"
#include "tests/fuzz/fuzz.h"

#include <cstring>
#include <vector>

using namespace facet;

namespace {

void open(const uint8_t* data, size_t size)
{
    const fuzz::InputFile input(data, size);
    const auto file = core::SafetensorsFile::open(input.path());
    if (!file) {
        fuzz::require(file.error().message.starts_with(input.path()), "an error names the file");
        return;
    }
    size_t total = 0;
    for (const auto& [name, tensor] : file->tensors()) {
        fuzz::require(core::byteSize(tensor.dtype, tensor.shape) == tensor.bytes.size(),
                      "shape and bytes agree");
        total += tensor.bytes.size();
        for (const std::byte byte : tensor.bytes)
            total += static_cast<size_t>(byte) >> 8;  // each can be read
    }
    fuzz::require(total < size, "tensors lie in the file, once each");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    open(data, size);
    // Once more with a length that fits the header, which changes of the header rarely keep.
    constexpr size_t kLengthBytes = 8;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const size_t end = text.rfind('}');
    if (end != std::string_view::npos && end >= kLengthBytes) {
        std::vector<uint8_t> mended(data, data + size);
        const uint64_t length = end + 1 - kLengthBytes;
        std::memcpy(mended.data(), &length, sizeof length);
        open(mended.data(), mended.size());
    }
    return 0;
}
