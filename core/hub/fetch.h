#pragma once

#include "core/hub/partial_file.h"

namespace facet::core {

/// Who is told of each piece that came, and asked whether to go on.
struct FetchEvents {
    std::function<void(int64_t size, int64_t received)> onBytes;  ///< of the partial file; of this piece
    std::function<bool()> keepGoing;
};

/// Brings `partial` to its whole size and checks its bytes. Each try goes to the hub, which gives a fresh
/// address of its storage, and asks for what is lacking; a try that brings a new byte makes the next one the
/// second again. Wrong bytes are forgotten and fetched once more.
///
/// Errors  Cancelled; Io: the disk, or wrong bytes twice; refusal(); Unavailable: no tries are left. What is
/// there
///         stays, but for wrong bytes.
Result<void> fetch(HubClient& client, const std::string& id, const std::string& commit, const HubFile& file,
                   PartialFile& partial, const FetchEvents& events);

}  // namespace facet::core
