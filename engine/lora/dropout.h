#pragma once

// Dropout of adapters' inputs while training.

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace facet::engine {

/// Which rows of a training step belong to which sample. Dropout draws from a stream of its own for each
/// sample, so what is dropped depends neither on what else is in the batch nor on how the batch is cut.
struct RowSeeds {
    struct Rows {
        int64_t count = 0;
        uint64_t seed = 0;
    };
    std::vector<Rows> tokens;
    std::vector<Rows> pictures;
};

/// x with a share of its elements set to 0 and the rest scaled up. `stream` tells layers apart. What is
/// dropped is drawn where x is (kernels/dropout.h), the same on each device, and drawn again for the
/// gradient.
///
/// Shapes  x [T, ...], T the sum of the rows' counts.
at::Tensor dropout(const at::Tensor& x, double share, const std::vector<RowSeeds::Rows>& rows,
                   uint64_t stream);

}  // namespace facet::engine
