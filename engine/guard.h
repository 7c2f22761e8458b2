#pragma once

#include "core/base/result.h"

#include <c10/util/Exception.h>
#include <exception>
#include <new>
#include <string_view>
#include <type_traits>

namespace facet::engine {

/// Runs `body`; what it throws becomes an Error. The only catch in the engine: each public call of
/// engine/ that app/ calls is wrapped in it once, and nothing below it catches.
template <typename Body>
auto guarded(Body&& body) -> core::Result<std::invoke_result_t<Body>>
try {
    if constexpr (std::is_void_v<std::invoke_result_t<Body>>) {
        body();
        return {};
    } else {
        return body();
    }
} catch (const c10::OutOfMemoryError& error) {
    return core::Error{core::ErrorCode::OutOfMemory, error.what_without_backtrace()};
} catch (const c10::Error& error) {
    // LibTorch has a type of its own only for what a GPU lacks.
    const std::string_view what = error.what_without_backtrace();
    const bool isMemory = what.find("can't allocate memory") != std::string_view::npos;
    return core::Error{isMemory ? core::ErrorCode::OutOfMemory : core::ErrorCode::Internal,
                       std::string(what)};
} catch (const std::bad_alloc&) {
    return core::Error{core::ErrorCode::OutOfMemory, "the machine's memory ran out"};
} catch (const std::exception& error) {
    return core::Error{core::ErrorCode::Internal, error.what()};
}

}  // namespace facet::engine
