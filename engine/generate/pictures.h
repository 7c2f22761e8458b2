#pragma once

// Pictures of prompts, and the features that were computed for them.

#include <ATen/ATen.h>

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

namespace facet::engine {

struct Picture {
    at::Tensor pixel_3SS;   ///< by gemma3::pixelValues(); undefined where the features are known
    std::string key;        ///< 32 bytes, equal for equal content and preprocessing; "" if nobody asks
    at::Tensor feature_TD;  ///< [tokensPerImage, D], or undefined: to be computed
};

/// Features of pictures by the pictures' keys, so that a picture that is sent with each turn of a
/// conversation is computed once. The least recently used go first.
///
/// Thread  any.
class PictureFeatures {
public:
    explicit PictureFeatures(int64_t limitBytes) : m_limitBytes(limitBytes) {}

    /// Undefined if there are none.
    at::Tensor find(const std::string& key);
    void add(const std::string& key, const at::Tensor& feature_TD);
    void clear();

private:
    struct Entry {
        std::string key;
        at::Tensor feature_TD;
    };

    std::mutex m_mutex;
    int64_t m_limitBytes;
    int64_t m_bytes = 0;
    std::list<Entry> m_entries;  // the last used in front
    std::unordered_map<std::string, std::list<Entry>::iterator> m_byKey;
};

}  // namespace facet::engine
