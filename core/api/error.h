#pragma once

// How the engine says no: OpenAI's error body, {"error": {"message", "type", "param", "code"}}.

#include "core/base/result.h"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace facet::core::api {

/// The number that this API counts up when an older client would misread it. Facet's own routes begin with
/// /facet/v1.
inline constexpr int kApiVersion = 1;

struct ErrorBody {
    int status = 500;     ///< of HTTP; not in the body
    std::string message;  ///< one sentence
    std::string type;     ///< "invalid_request_error", "authentication_error", "server_error", ...
    std::string param;    ///< the wrong field, "messages[0].role"; "" if it is none
    std::string code;     ///< "context_length_exceeded", "model_not_found"; "" mostly
};

/// With the type that belongs to the status.
ErrorBody makeError(int status, std::string message, std::string param = "", std::string code = "");

/// An error of reading a request's fields, whose message begins with the field: 400, `param` is that field.
ErrorBody fieldError(const Error& error);

/// The body for an error of any part of the program. OutOfMemory and Unavailable are 503, Internal is 500,
/// NotFound 404, the others 400.
ErrorBody errorBody(const Error& error);

nlohmann::json toJson(const ErrorBody& error);

/// Reads an error's body. Text that is none, as from a proxy, becomes the message, cut short.
ErrorBody errorFromText(int status, std::string_view body);

/// JSON text on one line. Bytes that are no UTF-8 become U+FFFD.
std::string dumped(const nlohmann::json& json);

}  // namespace facet::core::api
