#include "core/hub/refusal.h"

#include "core/base/text.h"
#include "core/hub/url.h"

namespace facet::core {
namespace {

/// The server's own words, as the end of a sentence.
std::string inItsWords(const HttpAnswer& answer)
{
    constexpr size_t kMaxBytes = 300;
    const std::string words = answer.header("x-error-message");
    return words.empty() ? "" : " (the hub says: " + inQuotes(words, kMaxBytes) + ")";
}

std::string tokenAdvice(const HubSettings& settings)
{
    return "make a token at " + settings.endpoint +
           "/settings/tokens and set HF_TOKEN to it, or run: hf auth login";
}

Error gated(const HttpAnswer& answer, const HubSubject& subject, const HubSettings& settings)
{
    const std::string page = settings.endpoint + "/" + subject.id;
    if (settings.token.empty())
        return {ErrorCode::Unavailable, subject.id +
                                            " is gated and no token was sent: accept its licence at " + page +
                                            ", then " + tokenAdvice(settings)};
    return {ErrorCode::Unavailable, "the account of the token (" + settings.tokenSource + ") may not read " +
                                        subject.id + " yet: accept its licence at " + page +
                                        " and try again" + inItsWords(answer)};
}

Error noSuchModel(const HttpAnswer& answer, const HubSubject& subject, const HubSettings& settings)
{
    const std::string page = settings.endpoint + "/" + subject.id;
    if (settings.token.empty())
        return {ErrorCode::NotFound, "there is no public model " + subject.id + ": check the name at " +
                                         page + "; if it is private, " + tokenAdvice(settings)};
    return {ErrorCode::NotFound, "there is no model " + subject.id + " that the account of the token (" +
                                     settings.tokenSource + ") can see: check the name at " + page +
                                     inItsWords(answer)};
}

Error unknownToken(const HubSettings& settings)
{
    return {ErrorCode::InvalidInput, "the hub does not accept the token of " + settings.tokenSource +
                                         ", it may be expired or cut off: " + tokenAdvice(settings)};
}

}  // namespace

Error refusal(const HubAnswer& answer, const HubSubject& subject, const HubSettings& settings)
{
    const HttpAnswer& http = answer.http;
    const std::string code = answer.isFromHub ? http.header("x-error-code") : "";
    const std::string host = hostOf(settings.endpoint);
    const bool isBadToken = http.status == 401 && !settings.token.empty() &&
                            (subject.id.empty() || code != "GatedRepo") && code != "RepoNotFound";
    if (answer.isFromHub && isBadToken)
        return unknownToken(settings);
    if (answer.isFromHub && http.status == 401 && subject.id.empty())
        return {ErrorCode::InvalidInput, "no token was given: " + tokenAdvice(settings)};
    if (code == "GatedRepo")
        return gated(http, subject, settings);
    if (code == "RevisionNotFound")
        return {ErrorCode::NotFound, subject.id + " has no revision " + inQuotes(subject.revision) +
                                         ": its branches and tags are listed at " + settings.endpoint + "/" +
                                         subject.id + "/tree/main"};
    if (code == "EntryNotFound")
        return {ErrorCode::NotFound,
                subject.id + " has no file " + inQuotes(subject.file) + " at " + inQuotes(subject.revision)};
    if (answer.isFromHub && !subject.id.empty() &&
        (code == "RepoNotFound" || http.status == 401 || http.status == 404))
        return noSuchModel(http, subject, settings);
    if (answer.isFromHub && http.status == 403)
        return {ErrorCode::Unavailable, "the hub refuses access to " +
                                            (subject.id.empty() ? std::string("the account") : subject.id) +
                                            ": see " + settings.endpoint + "/" + subject.id +
                                            inItsWords(http)};
    const std::string who = answer.isFromHub ? host : "the storage behind " + host;
    if (http.status == 429)
        return {ErrorCode::Unavailable, who + " had too many requests from here" + inItsWords(http)};
    return {ErrorCode::Unavailable,
            who + " answers with the status " + std::to_string(http.status) + inItsWords(http)};
}

}  // namespace facet::core
