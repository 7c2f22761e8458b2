#pragma once

// The pictures of conversations, as files named by their content: the same picture is kept once.

#include "core/base/result.h"
#include "core/conversations/conversation.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace facet::core {

class Attachments {
public:
    explicit Attachments(std::filesystem::path folder) : m_folder(std::move(folder)) {}

    /// Keeps the bytes of a picture file.
    ///
    /// Thread  any; writes to the disk.
    /// Errors  InvalidInput if it is none that Gemma's preprocessing reads; Io.
    Result<Picture> keep(std::string_view bytes, const std::string& name) const;

    std::filesystem::path pathOf(const Picture& picture) const { return m_folder / picture.file; }
    const std::filesystem::path& folder() const { return m_folder; }

private:
    std::filesystem::path m_folder;
};

}  // namespace facet::core
