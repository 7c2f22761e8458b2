#pragma once

#include <c10/core/Device.h>

#include <string>

namespace facet::engine {

/// Lets the device compute the same numbers each time, from now on in this process, and says by what. Before
/// the device's first product: cuBLAS reads its setting then.
///
/// Why     on a GPU sums are added up in the order in which blocks finish, where nothing else is asked for.
/// Limits  the same device, driver, and number of threads; an operation of LibTorch's that has no such form
///         is an error then, which names it
std::string computeDeterministically(at::Device device);

}  // namespace facet::engine
