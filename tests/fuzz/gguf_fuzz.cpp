#include "core/gguf/blocks.h"
#include "core/gguf/gguf_file.h"
#include "tests/fuzz/fuzz.h"

using namespace facet;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const fuzz::InputFile input(data, size);
    const auto file = core::GgufFile::open(input.path());
    if (!file) {
        fuzz::require(file.error().message.starts_with(input.path()), "an error names the file");
        return 0;
    }
    size_t total = 0;
    for (const auto& [name, tensor] : file->tensors()) {
        fuzz::require(core::byteSize(tensor.dtype, tensor.shape) == tensor.bytes.size(),
                      "shape and bytes agree");
        total += tensor.bytes.size();
        for (const std::byte byte : tensor.bytes)
            total += static_cast<size_t>(byte) >> 8;  // each can be read
        if (core::hasValues(tensor.dtype)) {
            std::vector<float> values(tensor.bytes.size() / core::sizeOf(tensor.dtype) *
                                      core::blockLength(tensor.dtype));
            core::valuesOf(tensor.dtype, tensor.bytes, values);
            for (const core::DType type : {core::DType::Q8_0, core::DType::F16}) {
                const size_t whole = values.size() / core::blockLength(type) * core::blockLength(type);
                std::vector<std::byte> bytes(whole / core::blockLength(type) * core::sizeOf(type));
                core::storeValues(type, std::span(values).first(whole), bytes);
            }
        }
    }
    fuzz::require(total < size, "tensors lie in the file, once each");
    for (const auto& [key, value] : file->metadata()) {
        file->integer(key);
        file->number(key);
        file->flag(key);
        for (const std::string_view text : file->texts(key).value_or(std::vector<std::string_view>()))
            fuzz::require(text.size() < size, "a text lies in the file");
        file->numbers(key);
    }
    return 0;
}
