#include "engine/serve/routes.h"

#include "core/api/control.h"
#include "core/api/server_sent_events.h"
#include "core/base/text.h"
#include "engine/device.h"

#include <algorithm>
#include <chrono>

namespace facet::engine::serve {
namespace {

using core::Result;
using core::api::ErrorBody;
using core::api::makeError;
using core::api::toJson;
using Json = nlohmann::json;

/// How soon a client that went away, or the server's end, is noticed while nothing is written.
constexpr std::chrono::milliseconds kPatience{50};

constexpr std::string_view kOneModel = "/v1/models/";

struct Path {
    std::string_view path;
    std::string_view methods;
};

constexpr Path kPaths[] = {
    {"/v1/chat/completions", "POST"},
    {"/v1/completions", "POST"},
    {"/v1/tokenize", "POST"},
    {"/v1/models", "GET"},
    {"/facet/v1/version", "GET"},
    {"/facet/v1/devices", "GET"},
    {"/facet/v1/estimate", "POST"},
    {"/facet/v1/load", "POST"},
    {"/facet/v1/models", "GET"},
    {"/facet/v1/unload", "POST"},
    {"/facet/v1/queue", "GET"},
    {"/facet/v1/cache", "GET, DELETE"},
    {"/facet/v1/adapters", "GET"},
    {"/facet/v1/adapters/load", "POST"},
    {"/facet/v1/adapters/unload", "POST"},
};

Reply ok(const Json& json, int status = 200)
{
    return {status, core::api::dumped(json), "", {}, false};
}

const ErrorBody kEnding = makeError(503, "the engine is ending");

class Counted {
public:
    explicit Counted(std::atomic<int64_t>& count) : m_count(count) { ++m_count; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --m_count; }

private:
    std::atomic<int64_t>& m_count;
};

/// A body's request, or what is wrong with it.
template <typename Request>
std::variant<Request, ErrorBody> read(const Call& call, Result<Request> (*fromJson)(const Json&))
{
    const Result<Json> body = core::api::parseBody(call.body);
    if (!body)
        return makeError(400, body.error().message);
    Result<Request> request = fromJson(*body);
    if (!request)
        return core::api::fieldError(request.error());
    return std::move(*request);
}

Json modelToJson(const std::string& id)
{
    return {{"id", id}, {"object", "model"}, {"created", 0}, {"owned_by", "facet"}};
}

}  // namespace

Reply replyOf(const ErrorBody& error)
{
    return {error.status, core::api::dumped(toJson(error)), "", {}, false};
}

std::string Routes::methodsOf(const std::string& path) const
{
    for (const Path& known : kPaths)
        if (path == known.path)
            return std::string(known.methods);
    return path.starts_with(kOneModel) && path.size() > kOneModel.size() ? "GET" : "";
}

Reply Routes::handle(const Call& call) const
{
    const std::string methods = methodsOf(call.path);
    if (methods.empty())
        return replyOf(makeError(404, "there is no path " + core::inQuotes(call.path)));
    if (methods.find(call.method) == std::string::npos) {
        Reply reply = replyOf(makeError(405, call.path + " takes " + methods + ", not " + call.method));
        reply.allow = methods;
        return reply;
    }
    if (call.path == "/v1/chat/completions")
        return answer(call, core::api::chatRequestFromJson);
    if (call.path == "/v1/completions")
        return answer(call, core::api::completionRequestFromJson);
    if (call.path == "/v1/tokenize")
        return tokenize(call);
    if (call.path == "/v1/models")
        return listModels();
    if (call.path.starts_with(kOneModel))
        return oneModel(call.path.substr(kOneModel.size()));
    if (call.path == "/facet/v1/version")
        return ok(toJson(core::api::VersionInfo{FACET_VERSION, core::api::kApiVersion}));
    if (call.path == "/facet/v1/devices") {
        std::vector<core::api::Device> devices;
        for (const DeviceInfo& device : listDevices())
            devices.push_back({device.id, device.name, device.memoryBytes, device.capability, device.driver,
                               device.problem.empty(), device.problem});
        return ok(core::api::devicesToJson(devices));
    }
    if (call.path == "/facet/v1/estimate")
        return estimate(call);
    if (call.path == "/facet/v1/load")
        return load(call);
    if (call.path == "/facet/v1/models")
        return ok(core::api::modelsToJson(m_models.models()));
    if (call.path == "/facet/v1/unload")
        return unload(call);
    if (call.path == "/facet/v1/adapters")
        return ok(core::api::adaptersToJson(m_models.adapters()));
    if (call.path == "/facet/v1/adapters/load")
        return loadAdapter(call);
    if (call.path == "/facet/v1/adapters/unload")
        return unloadAdapter(call);
    if (call.path == "/facet/v1/queue")
        return ok(toJson(m_models.queue()));
    if (call.method == "DELETE")
        m_models.clearCache();
    return ok(toJson(m_models.cache()));
}

template <typename Request>
Reply Routes::answer(const Call& call, Result<Request> (*fromJson)(const Json&)) const
{
    const auto request = read(call, fromJson);
    if (const auto* error = std::get_if<ErrorBody>(&request))
        return replyOf(*error);
    const Request& asked = std::get<Request>(request);
    auto model = m_models.find(asked.options.model);
    if (const auto* error = std::get_if<ErrorBody>(&model))
        return replyOf(*error);
    if (m_refuses)
        return replyOf(kEnding);
    auto served = std::move(std::get<std::shared_ptr<ServedModel>>(model));
    auto adapted = m_models.adapted(*served, asked.options.adapters);
    if (const auto* error = std::get_if<ErrorBody>(&adapted))
        return replyOf(*error);
    Answering::Started started = Answering::start(
        {std::move(served), std::move(std::get<std::shared_ptr<AdaptedModel>>(adapted))}, m_pictures, asked);
    if (const auto* error = std::get_if<ErrorBody>(&started))
        return replyOf(*error);
    std::shared_ptr<Answering> answering = std::move(std::get<std::unique_ptr<Answering>>(started));
    return asked.options.stream ? stream(std::move(answering), call) : wholeAnswer(*answering, call);
}

Reply Routes::wholeAnswer(Answering& answering, const Call& call) const
{
    const Counted counted(m_numAnswering);
    while (!answering.hasEnded()) {
        const auto chunks = answering.next(kPatience);
        if (const auto* error = std::get_if<ErrorBody>(&chunks))
            return replyOf(*error);
        if (m_ends)
            return replyOf(kEnding);
        if (!answering.hasEnded() && call.isClientGone()) {
            Reply reply;
            reply.isClientGone = true;
            return reply;
        }
    }
    return ok(toJson(answering.whole()));
}

Reply Routes::stream(std::shared_ptr<Answering> answering, const Call& call) const
{
    Reply reply;
    reply.stream = [this, answering = std::move(answering), isClientGone = call.isClientGone,
                    counted = std::make_shared<Counted>(m_numAnswering)](
                       const std::function<bool(const std::string&)>& write) {
        while (!answering->hasEnded() && !isClientGone()) {
            const auto next = answering->next(kPatience);
            const auto* error = m_ends ? &kEnding : std::get_if<ErrorBody>(&next);
            if (error) {
                write(core::api::serverSentEvent(core::api::dumped(toJson(*error))));
                return;
            }
            std::string events;
            for (const core::api::Answer& chunk : std::get<std::vector<core::api::Answer>>(next))
                events += core::api::serverSentEvent(core::api::dumped(toJson(chunk)));
            if (!events.empty() && !write(events))
                return;
        }
        if (answering->hasEnded())
            write(core::api::serverSentEvent(core::api::kStreamEnd));
    };
    return reply;
}

Reply Routes::tokenize(const Call& call) const
{
    const auto request = read(call, core::api::tokenizeRequestFromJson);
    if (const auto* error = std::get_if<ErrorBody>(&request))
        return replyOf(*error);
    const auto& asked = std::get<core::api::TokenizeRequest>(request);
    const auto model = m_models.find(asked.model);
    if (const auto* error = std::get_if<ErrorBody>(&model))
        return replyOf(*error);
    const auto tokens = tokensOf({std::get<std::shared_ptr<ServedModel>>(model), nullptr}, m_pictures, asked);
    if (const auto* error = std::get_if<ErrorBody>(&tokens))
        return replyOf(*error);
    return ok(toJson(std::get<core::api::Tokens>(tokens)));
}

Reply Routes::listModels() const
{
    Json list = Json::array();
    for (const core::api::ModelState& model : m_models.models())
        if (model.state == core::api::ModelState::State::Ready)
            list.push_back(modelToJson(model.id));
    return ok({{"object", "list"}, {"data", list}});
}

Reply Routes::oneModel(const std::string& id) const
{
    const auto model = m_models.find(id);
    if (const auto* error = std::get_if<ErrorBody>(&model))
        return replyOf(*error);
    return ok(modelToJson(id));
}

Reply Routes::load(const Call& call) const
{
    const auto request = read(call, core::api::loadRequestFromJson);
    if (const auto* error = std::get_if<ErrorBody>(&request))
        return replyOf(*error);
    const Result<std::string> id = m_models.load(std::get<core::api::LoadRequest>(request));
    return id ? ok({{"id", *id}}, 202) : replyOf(core::api::errorBody(id.error()));
}

Reply Routes::unload(const Call& call) const
{
    const auto request = read(call, core::api::unloadRequestFromJson);
    if (const auto* error = std::get_if<ErrorBody>(&request))
        return replyOf(*error);
    const std::string& id = std::get<std::string>(request);
    const Result<void> unloaded = m_models.unload(id);
    return unloaded ? ok({{"id", id}}) : replyOf(core::api::errorBody(unloaded.error()));
}

Reply Routes::loadAdapter(const Call& call) const
{
    const auto request = read(call, core::api::adapterLoadRequestFromJson);
    if (const auto* error = std::get_if<ErrorBody>(&request))
        return replyOf(*error);
    const Result<std::string> id = m_models.loadAdapter(std::get<core::api::AdapterLoadRequest>(request));
    return id ? ok({{"id", *id}}) : replyOf(core::api::errorBody(id.error()));
}

Reply Routes::unloadAdapter(const Call& call) const
{
    const auto request = read(call, core::api::adapterUnloadRequestFromJson);
    if (const auto* error = std::get_if<ErrorBody>(&request))
        return replyOf(*error);
    const std::string& id = std::get<std::string>(request);
    const Result<void> unloaded = m_models.unloadAdapter(id);
    return unloaded ? ok({{"id", id}}) : replyOf(core::api::errorBody(unloaded.error()));
}

Reply Routes::estimate(const Call& call) const
{
    const auto request = read(call, core::api::loadRequestFromJson);
    if (const auto* error = std::get_if<ErrorBody>(&request))
        return replyOf(*error);
    const Result<core::api::LoadEstimate> estimate =
        m_models.estimate(std::get<core::api::LoadRequest>(request));
    return estimate ? ok(toJson(*estimate)) : replyOf(core::api::errorBody(estimate.error()));
}

}  // namespace facet::engine::serve
