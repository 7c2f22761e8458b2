#include "core/safetensors/safetensors_writer.h"

#include "core/base/json.h"
#include "core/base/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace facet::core {
namespace {

bool writeAt(int fd, std::span<const std::byte> bytes, uint64_t offset)
{
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes = bytes.subspan(static_cast<size_t>(written));
        offset += static_cast<uint64_t>(written);
    }
    return true;
}

}  // namespace

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

    SafetensorsWriter writer;
    nlohmann::json header = nlohmann::json::object();
    if (!metadata.empty())
        header["__metadata__"] = metadata;
    uint64_t dataSize = 0;
    for (const Tensor* tensor : inOrder) {
        const std::optional<uint64_t> size = byteSize(tensor->dtype, tensor->shape);
        if (!size || *size > static_cast<uint64_t>(INT64_MAX) / 2 - dataSize)
            return refused(*tensor, " has an impossible shape");
        if (tensor->name == "__metadata__" ||
            !writer.m_places.emplace(tensor->name, Place{dataSize, dataSize + *size}).second)
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
    for (auto& [name, place] : writer.m_places) {
        place.next += start.size();
        place.end += start.size();
    }

    writer.m_path = path;
    std::filesystem::path beside = path;
    beside += "." + std::to_string(::getpid()) + ".tmp";
    writer.m_file = FileDescriptor(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!writer.m_file.isOpen())
        return systemError(path, "write");
    writer.m_beside = beside;
    if (!writeAt(writer.m_file.get(), std::as_bytes(std::span(start)), 0) ||
        ::ftruncate(writer.m_file.get(), static_cast<off_t>(start.size() + dataSize)) != 0)
        return systemError(path, "write");
    return writer;
}

SafetensorsWriter::SafetensorsWriter(SafetensorsWriter&& other) noexcept
    : m_path(std::move(other.m_path)),
      m_beside(std::exchange(other.m_beside, {})),
      m_file(std::move(other.m_file)),
      m_places(std::move(other.m_places))
{
}

SafetensorsWriter& SafetensorsWriter::operator=(SafetensorsWriter&& other) noexcept
{
    if (this != &other) {
        discard();
        m_path = std::move(other.m_path);
        m_beside = std::exchange(other.m_beside, {});
        m_file = std::move(other.m_file);
        m_places = std::move(other.m_places);
    }
    return *this;
}

SafetensorsWriter::~SafetensorsWriter()
{
    discard();
}

void SafetensorsWriter::discard()
{
    if (!m_beside.empty())
        ::unlink(m_beside.c_str());
    m_beside.clear();
}

Result<void> SafetensorsWriter::append(const std::string& name, std::span<const std::byte> bytes)
{
    const auto found = m_places.find(name);
    if (found == m_places.end() || bytes.size() > found->second.end - found->second.next)
        return Error{ErrorCode::InvalidInput,
                     "cannot write " + m_path.string() + ": tensor " + inQuotes(name) +
                         (found == m_places.end()
                              ? " was not declared"
                              : " has room for " + std::to_string(found->second.end - found->second.next) +
                                    " more bytes, not " + std::to_string(bytes.size()))};
    if (!writeAt(m_file.get(), bytes, found->second.next))
        return systemError(m_path, "write");
    found->second.next += bytes.size();
    return {};
}

Result<void> SafetensorsWriter::finish()
{
    for (const auto& [name, place] : m_places) {
        if (place.next != place.end)
            return Error{ErrorCode::InvalidInput, "cannot write " + m_path.string() + ": tensor " +
                                                      inQuotes(name) + " lacks " +
                                                      std::to_string(place.end - place.next) + " bytes"};
    }
    if (::fsync(m_file.get()) != 0 || !m_file.closeAndCheck() ||
        ::rename(m_beside.c_str(), m_path.c_str()) != 0)
        return systemError(m_path, "write");
    m_beside.clear();
    return {};
}

}  // namespace facet::core
