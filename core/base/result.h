#pragma once

// Result<T>: a T, or the Error that says why there is no T.
//
// For failures that a correct program meets: a missing file, a bad setting, a
// refused job, a dead worker. A broken promise inside our own code is an
// assert(); what LibTorch and CUDA throw is turned into an Error in one place,
// engine/guard.h.
//
// Why not std::expected: it is C++23, and our CUDA compiler stops at C++20.

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace facet::core {

/// What a caller may decide on. Everything finer belongs in Error::message.
enum class ErrorCode {
    InvalidInput,  ///< the caller or the user can fix it by changing a value
    NotFound,      ///< a named file, run, model or command does not exist
    Io,            ///< the system refused a read, a write or a process
    OutOfMemory,   ///< host or GPU; retrying with a smaller batch may work
    Unavailable,   ///< a worker, a node or a scheduler does not answer
    Cancelled,     ///< the user asked for it; never shown as a failure
    Internal,      ///< a bug of ours that was caught; the log has the details
};

struct Error {
    ErrorCode code = ErrorCode::Internal;

    /// One sentence for the user: what failed, and on which value. No stack, no type names.
    std::string message;

    /// Puts what was being done in front: "reading run.json: unexpected end of file".
    [[nodiscard]] Error during(std::string_view activity) const
    {
        return {code, std::string(activity) + ": " + message};
    }
};

namespace detail {
[[noreturn]] inline void resultMisused(const char* what)
{
    std::fprintf(stderr, "Result: %s\n", what);
    std::abort();
}
}  // namespace detail

template <typename T>
class [[nodiscard]] Result {
    static_assert(!std::is_reference_v<T> && !std::is_same_v<std::remove_cv_t<T>, Error>);

public:
    // Implicit on purpose: a function says `return value;` or `return Error{...};`.
    Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const noexcept { return m_state.index() == 0; }

    /// Precondition: `*this` holds a value. Aborts otherwise, in every build.
    T& operator*() & { return valueOrAbort(*this); }
    const T& operator*() const& { return valueOrAbort(*this); }
    T&& operator*() && { return std::move(valueOrAbort(*this)); }
    T* operator->() { return &valueOrAbort(*this); }
    const T* operator->() const { return &valueOrAbort(*this); }

    /// Precondition: `*this` holds an error. Aborts otherwise, in every build.
    const Error& error() const
    {
        if (*this)
            detail::resultMisused("error() called on a success");
        return std::get<1>(m_state);
    }

private:
    template <typename Self>
    static auto& valueOrAbort(Self& self)
    {
        if (!self)
            detail::resultMisused(std::get<1>(self.m_state).message.c_str());
        return std::get<0>(self.m_state);
    }

    std::variant<T, Error> m_state;
};

/// Success without a value: `return {};`.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : m_error(std::move(error)) {}

    explicit operator bool() const noexcept { return !m_error.has_value(); }

    const Error& error() const
    {
        if (!m_error)
            detail::resultMisused("error() called on a success");
        return *m_error;
    }

private:
    std::optional<Error> m_error;
};

}  // namespace facet::core
