#pragma once

#include <c10/util/FunctionRef.h>

#include <cstdint>

namespace facet::engine {

/// Calls body(begin, end) on ranges that make up [0, count), each of `grain` or more, on LibTorch's threads.
///
/// Why not at::parallel_for itself: its header shares work only where it is compiled with -fopenmp and is
/// serial, in silence, everywhere else. parallel_for.cpp is the one file that has this flag. Thread  blocks
/// until all is done; inside a body another call is serial.
void parallelFor(int64_t count, int64_t grain, c10::function_ref<void(int64_t begin, int64_t end)> body);

/// Calls body(index) for each of [0, count) on up to `numThreads` threads of its own, each taking the next
/// index when it is done with one: for work that takes unequal time, beside LibTorch's threads.
///
/// Limits  `body` throws nothing. Thread  blocks until all is done; LibTorch is serial inside a body.
void parallelForEach(int64_t count, int64_t numThreads, c10::function_ref<void(int64_t index)> body);

}  // namespace facet::engine
