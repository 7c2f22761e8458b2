#include "core/api/error.h"

#include "core/base/json.h"

namespace facet::core::api {

ErrorBody makeError(int status, std::string message, std::string param, std::string code)
{
    const char* type = status == 401   ? "authentication_error"
                       : status == 403 ? "permission_error"
                       : status == 429 ? "rate_limit_error"
                       : status >= 500 ? "server_error"
                                       : "invalid_request_error";
    return {status, std::move(message), type, std::move(param), std::move(code)};
}

ErrorBody fieldError(const Error& error)
{
    return makeError(400, error.message, error.message.substr(0, error.message.find(' ')));
}

ErrorBody errorBody(const Error& error)
{
    switch (error.code) {
        case ErrorCode::OutOfMemory:
            return makeError(503, error.message, "", "out_of_memory");
        case ErrorCode::Unavailable:
        case ErrorCode::Cancelled:
            return makeError(503, error.message);
        case ErrorCode::Internal:
            return makeError(500, error.message);
        case ErrorCode::NotFound:
            return makeError(404, error.message);
        case ErrorCode::InvalidInput:
        case ErrorCode::Io:
            break;
    }
    return makeError(400, error.message);
}

nlohmann::json toJson(const ErrorBody& error)
{
    const auto orNull = [](const std::string& text) {
        return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(text);
    };
    return {{"error",
             {{"message", error.message},
              {"type", error.type},
              {"param", orNull(error.param)},
              {"code", orNull(error.code)}}}};
}

ErrorBody errorFromText(int status, std::string_view body)
{
    constexpr size_t kMaxBytes = 400;
    const Result<nlohmann::json> json = parseJson(body);
    if (!json || !json->is_object() || !json->contains("error") || !(*json)["error"].is_object())
        return makeError(status, body.empty() ? "the server answered with status " + std::to_string(status)
                                              : std::string(body.substr(0, kMaxBytes)));
    const auto text = [&](const char* key) {
        const nlohmann::json& value = (*json)["error"].value(key, nlohmann::json());
        return value.is_string() ? value.get<std::string>() : std::string();
    };
    return {status, text("message"), text("type"), text("param"), text("code")};
}

std::string dumped(const nlohmann::json& json)
{
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace facet::core::api
