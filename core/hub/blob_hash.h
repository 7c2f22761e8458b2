#pragma once

// The checksum by which the hub names a file: SHA-256 where Git LFS stores it, else git's id of a blob.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace facet::core {

/// 64 (SHA-256) or 40 (git) hexadecimal digits, in small letters?
bool isBlobName(std::string_view text);

class BlobHash {
public:
    /// The kind that `name`, a blob's name, has; `size` is of the whole file, which git's id begins with.
    BlobHash(std::string_view name, int64_t size);

    void add(std::span<const std::byte> bytes);

    /// Ends it: the name that a file of these bytes has.
    std::string finish();

private:
    struct Context;
    struct Deleter {
        void operator()(Context* context) const;
    };
    std::unique_ptr<Context, Deleter> m_context;
};

}  // namespace facet::core
