#pragma once

// One sample of training data, whatever kind of file it came from.

#include "core/chat/message.h"

#include <cstdint>
#include <string>
#include <vector>

namespace facet::core {

struct DataSample {
    std::vector<Message> messages;      ///< a conversation; empty for a document
    std::vector<ContentPart> document;  ///< plain text, perhaps with pictures, if there are no messages

    bool isDocument() const { return messages.empty(); }

    /// Where its pictures are read from, in order.
    std::vector<std::string> pictureSources() const;
};

/// Token ids with what counts in the loss.
struct TokenizedSample {
    std::vector<int64_t> ids;

    /// One entry a token: whether predicting it counts. Never so for the first token, pictures and prompts.
    std::vector<uint8_t> inLoss;

    struct Picture {
        int64_t begin = 0;   ///< of its <start_of_image> in ids
        int64_t end = 0;     ///< behind its <end_of_image>
        std::string source;  ///< where it is read from
    };
    std::vector<Picture> pictures;

    int64_t numInLoss() const;
};

}  // namespace facet::core
