#pragma once

#include "jobs/estimate/estimate.h"

namespace facet::app {

struct MachineGpus {
    int64_t count = 0;
    jobs::Gpu first;  ///< its rate is not known
};

/// Those that can be used.
MachineGpus gpusOfThisMachine();

}  // namespace facet::app
