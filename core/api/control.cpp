#include "core/api/control.h"

#include "core/base/json.h"
#include "core/gemma3/weight_format.h"

#include <algorithm>
#include <initializer_list>
#include <limits>

namespace facet::core::api {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMaxInt = std::numeric_limits<int64_t>::max();

constexpr std::string_view kStates[] = {"loading", "ready", "failed"};

int64_t count(JsonFields& fields, const char* key)
{
    return fields.integer(key, 0, 0, kMaxInt);
}

template <typename T>
Result<T> unlessWrong(const JsonFields& fields, T value)
{
    if (fields.error())
        return *fields.error();
    return value;
}

/// Reads {"key": [item, ...]}.
template <typename T>
Result<std::vector<T>> listOf(const Json& json, const char* key, Result<T> (*read)(const Json&))
{
    const Json* list = JsonFields(json, "").find(key);
    if (!list || !list->is_array())
        return Error{ErrorCode::InvalidInput, std::string(key) + " is missing or is no list"};
    std::vector<T> items;
    for (const Json& entry : *list) {
        Result<T> item = read(entry);
        if (!item)
            return item.error().during(key);
        items.push_back(std::move(*item));
    }
    return items;
}

Result<Device> deviceFromJson(const Json& json)
{
    JsonFields fields(json, "");
    Device device;
    device.id = fields.text("id", "");
    device.name = fields.text("name", "");
    device.memoryBytes = count(fields, "memory_bytes");
    device.capability = fields.text("capability", "");
    device.driver = fields.text("driver", "");
    device.usable = fields.flag("usable", false);
    device.problem = fields.text("problem", "");
    return unlessWrong(fields, std::move(device));
}

Result<ModelState> modelFromJson(const Json& json)
{
    JsonFields fields(json, "");
    ModelState model;
    model.id = fields.text("id", "");
    model.path = fields.text("path", "");
    const std::string state = fields.text("state", "");
    if (state == kStates[1])
        model.state = ModelState::State::Ready;
    else if (state == kStates[2])
        model.state = ModelState::State::Failed;
    else if (state != kStates[0])
        fields.fail("state", "is neither loading nor ready nor failed");
    model.progress = fields.number("progress", 0, 0, 1);
    model.error = fields.text("error", "");
    model.device = fields.text("device", "");
    model.dtype = fields.text("dtype", "");
    model.weights = fields.text("weights", "");
    model.context = count(fields, "context");
    model.vision = fields.flag("vision", false);
    model.mode = fields.text("mode", "chat");
    model.chatTemplate = fields.text("template", "unknown");
    return unlessWrong(fields, std::move(model));
}

Result<AdapterState> adapterFromJson(const Json& json)
{
    JsonFields fields(json, "");
    AdapterState adapter = {fields.text("id", ""), fields.text("path", ""), fields.text("base", ""),
                            count(fields, "rank")};
    return unlessWrong(fields, std::move(adapter));
}

void refuseOthers(JsonFields& fields, const Json& json, std::initializer_list<std::string_view> known)
{
    for (const auto& [key, value] : json.items())
        if (!value.is_null() && std::find(known.begin(), known.end(), key) == known.end())
            fields.fail(shown(Json(key)).c_str(), "is a field that is not supported: leave it out");
}

}  // namespace

Json toJson(const ServerStart& start)
{
    Json json = {{"port", start.port}, {"version", start.version}};
    if (!start.token.empty())
        json["token"] = start.token;
    return json;
}

Json toJson(const VersionInfo& version)
{
    return {{"version", version.version}, {"api", version.api}};
}

Json toJson(const Device& device)
{
    return {{"id", device.id},
            {"name", device.name},
            {"memory_bytes", device.memoryBytes},
            {"capability", device.capability},
            {"driver", device.driver},
            {"usable", device.usable},
            {"problem", device.problem}};
}

Json toJson(const LoadRequest& request)
{
    Json json = {{"model", request.model}, {"text_only", request.textOnly}, {"device", request.device}};
    if (!request.dtype.empty())
        json["dtype"] = request.dtype;
    if (!request.weights.empty())
        json["weights"] = request.weights;
    if (request.context > 0)
        json["context"] = request.context;
    return json;
}

Json toJson(const LoadEstimate& estimate)
{
    return {{"bytes",
             {{"weights", estimate.weightBytes},
              {"cache", estimate.cacheBytes},
              {"workspace", estimate.workspaceBytes},
              {"total", estimate.totalBytes}}},
            {"available_bytes", estimate.availableBytes},
            {"fits", estimate.fits},
            {"advice", estimate.advice}};
}

Json toJson(const ModelState& model)
{
    return {{"id", model.id},
            {"path", model.path},
            {"state", kStates[static_cast<size_t>(model.state)]},
            {"progress", model.progress},
            {"error", model.error},
            {"device", model.device},
            {"dtype", model.dtype},
            {"weights", model.weights},
            {"context", model.context},
            {"vision", model.vision},
            {"mode", model.mode},
            {"template", model.chatTemplate}};
}

Json toJson(const QueueState& queue)
{
    return {{"running", queue.running}, {"waiting", queue.waiting}, {"slots", queue.slots}};
}

Json toJson(const CacheState& cache)
{
    return {{"snapshots", cache.snapshots}, {"bytes", cache.bytes}, {"limit_bytes", cache.limitBytes}};
}

Json toJson(const AdapterState& adapter)
{
    return {{"id", adapter.id}, {"path", adapter.path}, {"base", adapter.base}, {"rank", adapter.rank}};
}

Json toJson(const AdapterLoadRequest& request)
{
    Json json = {{"path", request.path}};
    if (!request.id.empty())
        json["id"] = request.id;
    return json;
}

Json devicesToJson(const std::vector<Device>& devices)
{
    Json list = Json::array();
    for (const Device& device : devices)
        list.push_back(toJson(device));
    return {{"devices", list}};
}

Json modelsToJson(const std::vector<ModelState>& models)
{
    Json list = Json::array();
    for (const ModelState& model : models)
        list.push_back(toJson(model));
    return {{"models", list}};
}

Json adaptersToJson(const std::vector<AdapterState>& adapters)
{
    Json list = Json::array();
    for (const AdapterState& adapter : adapters)
        list.push_back(toJson(adapter));
    return {{"data", list}};
}

Result<ServerStart> serverStartFromLine(std::string_view line)
{
    const Result<Json> json = parseJson(line);
    if (!json || !json->is_object())
        return Error{ErrorCode::InvalidInput,
                     "the engine's first line is not the JSON object that it should be"};
    JsonFields fields(*json, "");
    ServerStart start;
    start.port = static_cast<int>(fields.integer("port", 0, 1, 65535));
    start.token = fields.text("token", "");
    start.version = fields.text("version", "");
    if (start.port == 0)
        fields.fail("port", "is missing in the engine's first line");
    return unlessWrong(fields, std::move(start));
}

Result<VersionInfo> versionFromJson(const Json& json)
{
    JsonFields fields(json, "");
    VersionInfo version = {fields.text("version", ""),
                           static_cast<int>(fields.integer("api", 0, 0, 1'000'000))};
    return unlessWrong(fields, std::move(version));
}

Result<std::vector<Device>> devicesFromJson(const Json& json)
{
    return listOf<Device>(json, "devices", deviceFromJson);
}

Result<LoadRequest> loadRequestFromJson(const Json& json)
{
    JsonFields fields(json, "");
    LoadRequest request;
    request.model = fields.text("model", "");
    if (request.model.empty())
        fields.fail("model",
                    "is missing: a library name, a folder, an id in the Hugging Face cache, or demo");
    request.textOnly = fields.flag("text_only", false);
    request.device = fields.text("device", "auto");
    request.dtype = fields.text("dtype", "");
    if (!request.dtype.empty() && request.dtype != "float32" && request.dtype != "bfloat16")
        fields.fail("dtype", "is " + shown(Json(request.dtype)) + ", neither float32 nor bfloat16");
    request.weights = fields.text("weights", "");
    if (!request.weights.empty() && !gemma3::weightFormatNamed(request.weights))
        fields.fail("weights", "is " + shown(Json(request.weights)) +
                                   ", not one of float32, bfloat16, int8, int4 and nf4");
    request.context = fields.integer("context", 0, 1, 10'000'000);
    refuseOthers(fields, json, {"model", "text_only", "device", "dtype", "weights", "context"});
    return unlessWrong(fields, std::move(request));
}

Result<std::string> unloadRequestFromJson(const Json& json)
{
    JsonFields fields(json, "");
    std::string model = fields.text("model", "");
    if (model.empty())
        fields.fail("model", "is missing: name one of GET /facet/v1/models");
    refuseOthers(fields, json, {"model"});
    return unlessWrong(fields, std::move(model));
}

Result<LoadEstimate> loadEstimateFromJson(const Json& json)
{
    JsonFields fields(json, "");
    LoadEstimate estimate;
    if (const Json* value = fields.find("bytes")) {
        JsonFields bytes(*value, "bytes.");
        estimate.weightBytes = count(bytes, "weights");
        estimate.cacheBytes = count(bytes, "cache");
        estimate.workspaceBytes = count(bytes, "workspace");
        estimate.totalBytes = count(bytes, "total");
        if (bytes.error())
            return *bytes.error();
    }
    estimate.availableBytes = count(fields, "available_bytes");
    estimate.fits = fields.flag("fits", false);
    estimate.advice = fields.text("advice", "");
    return unlessWrong(fields, std::move(estimate));
}

Result<std::vector<ModelState>> modelsFromJson(const Json& json)
{
    return listOf<ModelState>(json, "models", modelFromJson);
}

Result<std::vector<AdapterState>> adaptersFromJson(const Json& json)
{
    return listOf<AdapterState>(json, "data", adapterFromJson);
}

Result<AdapterLoadRequest> adapterLoadRequestFromJson(const Json& json)
{
    JsonFields fields(json, "");
    AdapterLoadRequest request = {fields.text("path", ""), fields.text("id", "")};
    if (request.path.empty())
        fields.fail("path", "is missing: the folder of an adapter");
    refuseOthers(fields, json, {"path", "id"});
    return unlessWrong(fields, std::move(request));
}

Result<std::string> adapterUnloadRequestFromJson(const Json& json)
{
    JsonFields fields(json, "");
    std::string id = fields.text("id", "");
    if (id.empty())
        fields.fail("id", "is missing: name one of GET /facet/v1/adapters");
    refuseOthers(fields, json, {"id"});
    return unlessWrong(fields, std::move(id));
}

Result<QueueState> queueFromJson(const Json& json)
{
    JsonFields fields(json, "");
    QueueState queue = {count(fields, "running"), count(fields, "waiting"), count(fields, "slots")};
    return unlessWrong(fields, queue);
}

Result<CacheState> cacheFromJson(const Json& json)
{
    JsonFields fields(json, "");
    CacheState cache = {count(fields, "snapshots"), count(fields, "bytes"), count(fields, "limit_bytes")};
    return unlessWrong(fields, cache);
}

}  // namespace facet::core::api
