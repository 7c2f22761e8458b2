#include "core/gguf/gguf_writer.h"

#include "core/base/text.h"

#include <map>
#include <set>
#include <type_traits>

namespace facet::core {
namespace {

constexpr uint64_t kAlignment = 32;  // the format's default, so it need not be said

uint64_t aligned(uint64_t size)
{
    return (size + kAlignment - 1) / kAlignment * kAlignment;
}

template <typename T>
void put(std::string& out, T value)
{
    static_assert(std::is_arithmetic_v<T>);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);  // little-endian, as our machines
}

void putText(std::string& out, std::string_view text)
{
    put<uint64_t>(out, text.size());
    out += text;
}

void putType(std::string& out, GgufType type)
{
    put(out, static_cast<uint32_t>(type));
}

/// The type and the value itself.
struct PutValue {
    std::string& out;

    void operator()(uint32_t value) const { scalar(GgufType::UInt32, value); }
    void operator()(int32_t value) const { scalar(GgufType::Int32, value); }
    void operator()(float value) const { scalar(GgufType::Float32, value); }
    void operator()(bool value) const { scalar(GgufType::Bool, static_cast<uint8_t>(value)); }
    void operator()(const std::string& value) const
    {
        putType(out, GgufType::String);
        putText(out, value);
    }
    void operator()(const std::vector<std::string>& values) const
    {
        list(GgufType::String, values.size());
        for (const std::string& value : values)
            putText(out, value);
    }
    void operator()(const std::vector<float>& values) const { scalars(GgufType::Float32, values); }
    void operator()(const std::vector<int32_t>& values) const { scalars(GgufType::Int32, values); }
    void operator()(const std::vector<bool>& values) const
    {
        list(GgufType::Bool, values.size());
        for (const bool value : values)
            put(out, static_cast<uint8_t>(value));
    }

    template <typename T>
    void scalar(GgufType type, T value) const
    {
        putType(out, type);
        put(out, value);
    }
    template <typename T>
    void scalars(GgufType type, const std::vector<T>& values) const
    {
        list(type, values.size());
        for (const T value : values)
            put(out, value);
    }
    void list(GgufType type, size_t count) const
    {
        putType(out, GgufType::Array);
        putType(out, type);
        put<uint64_t>(out, count);
    }
};

}  // namespace

Result<GgufWriter> GgufWriter::create(const std::filesystem::path& path, const Metadata& metadata,
                                      const std::vector<Tensor>& tensors)
{
    const auto refused = [&](const std::string& what) {
        return Error{ErrorCode::InvalidInput, "cannot write " + path.string() + ": " + what};
    };
    std::string start = "GGUF";
    put<uint32_t>(start, 3);
    put<uint64_t>(start, tensors.size());
    put<uint64_t>(start, metadata.size());
    std::set<std::string> keys;
    for (const auto& [key, value] : metadata) {
        if (!keys.insert(key).second)
            return refused("the value " + inQuotes(key) + " is given twice");
        putText(start, key);
        std::visit(PutValue{start}, value);
    }

    std::map<std::string, PlacedFile::Place> places;
    uint64_t dataSize = 0;
    for (const Tensor& tensor : tensors) {
        const std::optional<uint64_t> size = byteSize(tensor.dtype, tensor.shape);
        const std::optional<uint32_t> type = ggmlNumberOf(tensor.dtype);
        if (!type)
            return refused("tensor " + inQuotes(tensor.name) + " has the type " +
                           std::string(nameOf(tensor.dtype)) + ", which GGUF lacks");
        if (!size || tensor.shape.size() > 4 || *size > static_cast<uint64_t>(INT64_MAX) / 2 - dataSize)
            return refused("tensor " + inQuotes(tensor.name) + " has an impossible shape");
        if (!places.emplace(tensor.name, PlacedFile::Place{dataSize, dataSize + *size}).second)
            return refused("tensor " + inQuotes(tensor.name) + " is given twice");
        putText(start, tensor.name);
        put(start, static_cast<uint32_t>(tensor.shape.size()));
        for (auto size_ = tensor.shape.rbegin(); size_ != tensor.shape.rend(); ++size_)
            put<uint64_t>(start, static_cast<uint64_t>(*size_));
        put(start, *type);
        put<uint64_t>(start, dataSize);
        dataSize = aligned(dataSize + *size);
    }
    start.resize(aligned(start.size()), '\0');
    Result<PlacedFile> file = PlacedFile::create(path, start, std::move(places), dataSize);
    if (!file)
        return file.error();
    return GgufWriter(*std::move(file));
}

}  // namespace facet::core
