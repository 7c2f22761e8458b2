#pragma once

// Which devices of this machine a run in the queue may have. Training runs on one device, so a run gets the
// first of them that is free.

#include "core/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace facet::jobs {

/// A device as the engine tells of it.
struct KnownDevice {
    std::string id;       ///< "cpu", "cuda:0"
    std::string problem;  ///< why it cannot be used; "" if it can
};

/// "auto" is every GPU that can be used, else the CPU; "cuda" is every GPU that can be used; else "cpu", or a
/// list of GPUs: "cuda:0,cuda:2", "0,2".
///
/// Errors  InvalidInput: another word, a device twice, the CPU beside GPUs; Unavailable: a GPU that is not
///         there, or why it cannot be used
core::Result<std::vector<std::string>> queueDevices(std::string_view wish,
                                                    const std::vector<KnownDevice>& known);

/// "CPU", "GPU 0", "any of GPU 0, 2"
std::string devicesInWords(const std::vector<std::string>& devices);

}  // namespace facet::jobs
