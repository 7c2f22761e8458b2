#include "core/safetensors/safetensors_file.h"

#include "core/base/json.h"
#include "core/base/text.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace facet::core {
namespace {

using nlohmann::json;

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // as in the format's own library
constexpr size_t kMaxDimensions = 16;

struct Entry {
    TensorView view;
    uint64_t begin = 0;  // in the file's data, behind the header
    uint64_t end = 0;
};

Error broken(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

std::string numbers(const std::vector<int64_t>& shape)
{
    return json(shape).dump();
}

/// A list of whole numbers from 0 on.
std::optional<std::vector<int64_t>> sizes(const json& object, const char* key, size_t most)
{
    const auto found = object.find(key);
    if (found == object.end() || !found->is_array() || found->size() > most)
        return std::nullopt;
    std::vector<int64_t> values;
    for (const json& value : *found) {
        if (!value.is_number_unsigned() || value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
            return std::nullopt;
        values.push_back(value.get<int64_t>());
    }
    return values;
}

/// One tensor of the header. The sentence of an error starts with the tensor.
Result<Entry> readEntry(const std::string& name, const json& object, std::span<const std::byte> data)
{
    const std::string tensor = "tensor " + inQuotes(name) + " ";
    if (!object.is_object())
        return broken(tensor + "is " + shown(object) + ", not an object");

    const auto type = object.find("dtype");
    if (type == object.end() || !type->is_string())
        return broken(tensor + "has no dtype");
    const std::optional<DType> dtype = dtypeNamed(type->get_ref<const std::string&>());
    if (!dtype)
        return broken(tensor + "has the type " + shown(*type) +
                      ", which is not supported; convert it to BF16 or F32 first");

    const std::optional<std::vector<int64_t>> shape = sizes(object, "shape", kMaxDimensions);
    if (!shape)
        return broken(tensor + "has no shape of at most " + std::to_string(kMaxDimensions) +
                      " whole numbers");
    const std::optional<uint64_t> size = byteSize(*dtype, *shape);
    if (!size)
        return broken(tensor + "has the impossible shape " + numbers(*shape));

    const std::optional<std::vector<int64_t>> offsets = sizes(object, "data_offsets", 2);
    if (!offsets || offsets->size() != 2)
        return broken(tensor + "has no data_offsets of two whole numbers");
    const auto begin = static_cast<uint64_t>(offsets->front());
    const auto end = static_cast<uint64_t>(offsets->back());
    if (begin > end || end > data.size())
        return broken(tensor + "lies at bytes " + numbers(*offsets) + ", outside the file's " +
                      std::to_string(data.size()) + " bytes of data; the file may be cut short");
    if (end - begin != *size)
        return broken(tensor + "has " + std::to_string(end - begin) + " bytes, but its type " +
                      std::string(nameOf(*dtype)) + " and shape " + numbers(*shape) + " need " +
                      std::to_string(*size));
    return Entry{{*dtype, *shape, data.subspan(begin, end - begin)}, begin, end};
}

/// Tensors follow each other without overlap or gap, to the end of the file, as the format asks.
Result<void> checkLayout(const std::map<std::string, Entry>& entries, uint64_t dataSize)
{
    std::vector<const std::pair<const std::string, Entry>*> inOrder;
    for (const auto& entry : entries)
        inOrder.push_back(&entry);
    std::ranges::sort(inOrder, {},
                      [](const auto* entry) { return std::pair(entry->second.begin, entry->second.end); });
    uint64_t next = 0;
    for (const auto* entry : inOrder) {
        if (entry->second.begin != next)
            return broken("tensor " + inQuotes(entry->first) + " starts at byte " +
                          std::to_string(entry->second.begin) +
                          (entry->second.begin < next ? ", inside another tensor that ends at "
                                                      : ", behind a gap that starts at ") +
                          std::to_string(next));
        next = entry->second.end;
    }
    if (next != dataSize)
        return broken("the last tensor ends at byte " + std::to_string(next) + " of " +
                      std::to_string(dataSize) + " bytes of data");
    return {};
}

struct Header {
    std::map<std::string, TensorView> tensors;
    std::map<std::string, std::string> metadata;
};

Result<Header> readHeader(std::span<const std::byte> file)
{
    if (file.size() < kLengthBytes)
        return broken("it has only " + std::to_string(file.size()) + " bytes");
    uint64_t length = 0;
    static_assert(sizeof length == kLengthBytes);  // little-endian, as every machine we build for
    std::memcpy(&length, file.data(), kLengthBytes);
    if (length > file.size() - kLengthBytes)
        return broken("its header has " + std::to_string(length) + " bytes, the whole file " +
                      std::to_string(file.size()) + "; the file may be cut short");
    if (length > kMaxHeaderBytes)
        return broken("its header has " + std::to_string(length) + " bytes, more than " +
                      std::to_string(kMaxHeaderBytes));

    const std::string_view text(reinterpret_cast<const char*>(file.data() + kLengthBytes), length);
    const Result<json> root = parseJson(text);
    if (!root)
        return broken("its header " + root.error().message);
    if (!root->is_object())
        return broken("its header is " + shown(*root) + ", not an object");

    Header header;
    const std::span<const std::byte> data = file.subspan(kLengthBytes + length);
    std::map<std::string, Entry> entries;
    for (const auto& [name, value] : root->items()) {
        if (name == "__metadata__") {
            for (const auto& [key, text_] : value.items()) {
                if (!value.is_object() || !text_.is_string())
                    return broken("its __metadata__ is not an object of texts");
                header.metadata.emplace(key, text_.template get<std::string>());
            }
            continue;
        }
        Result<Entry> entry = readEntry(name, value, data);
        if (!entry)
            return entry.error();
        entries.emplace(name, *std::move(entry));
    }
    if (const Result<void> layout = checkLayout(entries, data.size()); !layout)
        return layout.error();
    for (auto& [name, entry] : entries)
        header.tensors.emplace(name, std::move(entry.view));
    return header;
}

}  // namespace

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path)
{
    Result<MappedFile> mapped = MappedFile::open(path);
    if (!mapped)
        return mapped.error();
    SafetensorsFile file(path, *std::move(mapped));
    Result<Header> header = readHeader(file.m_file.bytes());
    if (!header)
        return header.error().during(path.string() + " is no valid safetensors file");
    file.m_tensors = std::move(header->tensors);
    file.m_metadata = std::move(header->metadata);
    return file;
}

}  // namespace facet::core
