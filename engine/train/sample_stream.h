#pragma once

#include "core/base/result.h"
#include "engine/train/packed_batch.h"

#include <string>
#include <vector>

namespace facet::engine {

/// What is computed as one sequence: one sample, or several that do not see each other.
using Pack = std::vector<TrainingSample>;

/// Where a run's samples come from: an endless order of packs, which is the same each time it is asked for.
class SampleStream {
public:
    virtual ~SampleStream() = default;

    /// Packs number first, first + 1, ...
    ///
    /// Thread  one at a time, any.
    /// Errors  those of reading data and pictures
    virtual core::Result<std::vector<Pack>> packs(int64_t first, int64_t count) = 0;

    /// How many packs there are to validate on.
    virtual int64_t numValidationPacks() const = 0;

    /// Those number first, first + 1, ..., in an order that never changes. A pack is empty where its row was
    /// left out.
    virtual core::Result<std::vector<Pack>> validation(int64_t first, int64_t count) = 0;

    /// Packs of one round over the data.
    virtual int64_t packsPerRound() const = 0;

    /// Another text if the data or their order are others.
    virtual std::string fingerprint() const = 0;

    /// Another text if what is validated on is other rows or in another order; "" if there are none.
    virtual std::string validationFingerprint() const = 0;
};

}  // namespace facet::engine
