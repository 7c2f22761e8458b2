#include "core/safetensors/safetensors_writer.h"

#include "core/base/json.h"
#include "core/base/text.h"

#include <algorithm>
#include <cstring>

namespace facet::core {
Result<SafetensorsWriter> SafetensorsWriter::create(const std::filesystem::path& path,
                                                    const std::vector<Tensor>& tensors,
                                                    const std::map<std::string, std::string>& metadata)
{
    const auto refused = [&](const Tensor& tensor, const std::string& what) {
        return Error{ErrorCode::InvalidInput,
                     "cannot write " + path.string() + ": tensor " + inQuotes(tensor.name) + what};
    };
    std::vector<const Tensor*> inOrder;
    for (const Tensor& tensor : tensors)
        inOrder.push_back(&tensor);
    std::ranges::stable_sort(inOrder, std::ranges::greater(),
                             [](const Tensor* tensor) { return sizeOf(tensor->dtype); });

    std::map<std::string, PlacedFile::Place> places;
    nlohmann::json header = nlohmann::json::object();
    if (!metadata.empty())
        header["__metadata__"] = metadata;
    uint64_t dataSize = 0;
    for (const Tensor* tensor : inOrder) {
        if (isBlocked(tensor->dtype))
            return refused(*tensor, " has the type " + std::string(nameOf(tensor->dtype)) +
                                        ", which only GGUF files have");
        const std::optional<uint64_t> size = byteSize(tensor->dtype, tensor->shape);
        if (!size || *size > static_cast<uint64_t>(INT64_MAX) / 2 - dataSize)
            return refused(*tensor, " has an impossible shape");
        if (tensor->name == "__metadata__" ||
            !places.emplace(tensor->name, PlacedFile::Place{dataSize, dataSize + *size}).second)
            return refused(*tensor, " cannot have this name, or not twice");
        header[tensor->name] = {{"dtype", nameOf(tensor->dtype)},
                                {"shape", tensor->shape},
                                {"data_offsets", {dataSize, dataSize + *size}}};
        dataSize += *size;
    }

    // A name that is no UTF-8 cannot stand in JSON: "replace" would write another name.
    std::string text;
    try {
        text = header.dump();
    } catch (const nlohmann::json::exception&) {
        return Error{ErrorCode::InvalidInput,
                     "cannot write " + path.string() + ": a name in it is no valid UTF-8"};
    }
    text.append((8 - text.size() % 8) % 8, ' ');
    std::string start(sizeof(uint64_t), '\0');
    const uint64_t length = text.size();
    std::memcpy(start.data(), &length, sizeof length);
    start += text;
    Result<PlacedFile> file = PlacedFile::create(path, start, std::move(places), dataSize);
    if (!file)
        return file.error();
    return SafetensorsWriter(*std::move(file));
}

}  // namespace facet::core
