#include "core/run/run_event.h"

#include "core/base/json.h"

#include <cmath>
#include <limits>

namespace facet::core {
namespace {

using nlohmann::ordered_json;

template <typename Kind>
constexpr const char* kName = "";
template <>
constexpr const char* kName<MetricEvent> = "metric";
template <>
constexpr const char* kName<ValidationEvent> = "validation";
template <>
constexpr const char* kName<SampleEvent> = "sample";
template <>
constexpr const char* kName<CheckpointEvent> = "checkpoint";
template <>
constexpr const char* kName<WarningEvent> = "warning";
template <>
constexpr const char* kName<StateEvent> = "state";
template <>
constexpr const char* kName<ResumeEvent> = "resume";
template <>
constexpr const char* kName<GpuEvent> = "gpu";

// Each member of each event, once, for writing and for reading.

template <typename Event, typename Member>
void members(Event& e, const Member& member) requires std::is_same_v<std::remove_const_t<Event>, MetricEvent>
{
    member("step", e.step);
    member("tokens", e.tokens);
    member("targets", e.targets);
    member("loss", e.loss);
    member("lr", e.lr);
    member("grad_norm", e.gradNorm);
    member("tokens_per_second", e.tokensPerSecond);
    member("data_seconds", e.dataSeconds);
    member("forward_seconds", e.forwardSeconds);
    member("backward_seconds", e.backwardSeconds);
    member("optimizer_seconds", e.optimizerSeconds);
    member("communication_seconds", e.communicationSeconds);
    member("tflops", e.tflops);
    member("mfu", e.mfu);
    member("memory_bytes", e.memoryBytes);
    member("seconds_left", e.secondsLeft);
}

template <typename Event, typename Member>
void members(Event& e,
             const Member& member) requires std::is_same_v<std::remove_const_t<Event>, ValidationEvent>
{
    member("step", e.step);
    member("loss", e.loss);
    member("targets", e.targets);
}

template <typename Event, typename Member>
void members(Event& e, const Member& member) requires std::is_same_v<std::remove_const_t<Event>, SampleEvent>
{
    member("step", e.step);
    member("prompt", e.prompt);
    member("image", e.image);
    member("text", e.text);
}

template <typename Event, typename Member>
void members(Event& e,
             const Member& member) requires std::is_same_v<std::remove_const_t<Event>, CheckpointEvent>
{
    member("step", e.step);
    member("path", e.path);
    member("why", e.why);
}

template <typename Event, typename Member>
void members(Event& e, const Member& member) requires std::is_same_v<std::remove_const_t<Event>, WarningEvent>
{
    member("step", e.step);
    member("text", e.text);
}

template <typename Event, typename Member>
void members(Event& e, const Member& member) requires std::is_same_v<std::remove_const_t<Event>, StateEvent>
{
    member("state", e.state);
    member("text", e.text);
}

template <typename Event, typename Member>
void members(Event& e, const Member& member) requires std::is_same_v<std::remove_const_t<Event>, ResumeEvent>
{
    member("from_step", e.fromStep);
}

template <typename Event, typename Member>
void members(Event& e, const Member& member) requires std::is_same_v<std::remove_const_t<Event>, GpuEvent>
{
    member("index", e.index);
    member("utilization", e.utilization);
    member("memory_bytes", e.memoryBytes);
    member("watts", e.watts);
    member("celsius", e.celsius);
}

/// Reads members; the first wrong one is kept. null is "not a number".
struct Reader {
    const nlohmann::json& object;
    std::string& wrong;

    void operator()(const char* key, auto& value) const
    {
        const auto found = object.find(key);
        if (found == object.end())
            return;
        using Value = std::remove_reference_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string>) {
            if (found->is_string())
                value = found->template get<std::string>();
            else
                wrong = key;
        } else if constexpr (std::is_same_v<Value, double>) {
            if (found->is_number())
                value = found->template get<double>();
            else if (found->is_null())
                value = std::numeric_limits<double>::quiet_NaN();
            else
                wrong = key;
        } else {
            if (found->is_number_integer())
                value = found->template get<int64_t>();
            else
                wrong = key;
        }
    }
};

/// Reads the event if it is of this kind.
template <typename Kind>
bool readAs(const nlohmann::json& object, const std::string& name, RunEvent& event, std::string& wrong)
{
    if (name != kName<Kind>)
        return false;
    Kind read;
    members(read, Reader{object, wrong});
    event.what = read;
    return true;
}

template <typename... Kinds>
bool readAny(const nlohmann::json& object, const std::string& name, std::variant<Kinds...>&, RunEvent& event,
             std::string& wrong)
{
    return (readAs<Kinds>(object, name, event, wrong) || ...);
}

}  // namespace

std::string lineOf(const RunEvent& event)
{
    return std::visit(
        [&](const auto& what) {
            ordered_json json;
            json["event"] = kName<std::remove_cvref_t<decltype(what)>>;
            json["time"] = event.time;
            members(what, [&](const char* key, const auto& value) { json[key] = value; });
            return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
        },
        event.what);
}

Result<RunEvent> eventOf(std::string_view line)
{
    const Result<nlohmann::json> object = parseJson(line);
    if (!object)
        return Error{ErrorCode::InvalidInput, "the line " + object.error().message};
    const auto name = object->is_object() ? object->find("event") : object->end();
    if (!object->is_object() || name == object->end() || !name->is_string())
        return Error{ErrorCode::InvalidInput, "the line is no object with an \"event\""};
    RunEvent event;
    std::string wrong;
    Reader{*object, wrong}("time", event.time);
    if (!readAny(*object, name->get<std::string>(), event.what, event, wrong))
        return Error{ErrorCode::NotFound, "the event is of an unknown kind"};
    if (!wrong.empty())
        return Error{ErrorCode::InvalidInput, "the event's \"" + wrong + "\" is of a wrong type"};
    return event;
}

int64_t stepOf(const RunEvent& event)
{
    return std::visit(
        [](const auto& what) -> int64_t {
            if constexpr (requires { what.step; })
                return what.step;
            else
                return -1;
        },
        event.what);
}

}  // namespace facet::core
