#include "jobs/job/job_settings.h"

#include "core/base/json.h"
#include "core/base/nearest.h"
#include "core/base/text.h"
#include "jobs/job/job_fields.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::Result;
using nlohmann::json;

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

/// Gathers keys.
struct KeyCollector {
    std::vector<std::string> keys;

    template <typename... Rest>
    void operator()(const char* key, const Rest&...)
    {
        keys.emplace_back(key);
    }
    template <typename List, typename Members>
    void list(const char* key, const List&, const Members&, const char*)
    {
        keys.emplace_back(key);
    }
};

/// Ours in short, then NeMo's names: arguments of its recipe functions, paths into the recipe objects that
/// they return.
const std::vector<std::pair<std::string, std::string>>& aliasTable()
{
    static const std::vector<std::pair<std::string, std::string>> table = {
        {"model", "model.base"},
        {"num_nodes", "parallel.nodes"},
        {"num_gpus_per_node", "parallel.gpus_per_node"},
        {"peft_scheme", "method"},
        {"resume_path", "model.base"},
        {"packed_sequence", "packing"},
        {"seq_length", "sequence_length"},
        {"global_batch_size", "batch.global"},
        {"micro_batch_size", "batch.micro"},
        {"max_steps", "steps"},
        {"peft.target_modules", "lora.targets"},
        {"peft.exclude_modules", "lora.exclude"},
        {"peft.dim", "lora.rank"},
        {"peft.alpha", "lora.alpha"},
        {"peft.dropout", "lora.dropout"},
        {"peft.freeze_language_model", "freeze.language_model"},
        {"peft.freeze_vision_model", "freeze.vision_tower"},
        {"peft.freeze_vision_projection", "freeze.projector"},
        {"model.config.freeze_language_model", "freeze.language_model"},
        {"model.config.freeze_vision_model", "freeze.vision_tower"},
        {"model.config.freeze_vision_projection", "freeze.projector"},
        {"trainer.max_steps", "steps"},
        {"trainer.max_epochs", "epochs"},
        {"trainer.num_nodes", "parallel.nodes"},
        {"trainer.devices", "parallel.gpus_per_node"},
        {"trainer.val_check_interval", "validation.every_steps"},
        {"trainer.limit_val_batches", "validation.batches"},
        {"trainer.log_every_n_steps", "logging.every_steps"},
        {"trainer.strategy.tensor_model_parallel_size", "parallel.tensor"},
        {"trainer.strategy.pipeline_model_parallel_size", "parallel.pipeline"},
        {"trainer.strategy.context_parallel_size", "parallel.context"},
        {"optim.config.lr", "optimizer.lr"},
        {"optim.config.adam_beta1", "optimizer.beta1"},
        {"optim.config.adam_beta2", "optimizer.beta2"},
        {"optim.config.adam_eps", "optimizer.eps"},
        {"optim.config.weight_decay", "optimizer.weight_decay"},
        {"optim.config.clip_grad", "optimizer.clip_grad_norm"},
        {"optim.config.use_distributed_optimizer", "parallel.shard_optimizer"},
        {"optim.lr_scheduler.warmup_steps", "schedule.warmup_steps"},
        {"optim.lr_scheduler.constant_steps", "schedule.constant_steps"},
        {"optim.lr_scheduler.min_lr", "schedule.min_lr"},
        {"data.seq_length", "sequence_length"},
        {"data.global_batch_size", "batch.global"},
        {"data.micro_batch_size", "batch.micro"},
        {"data.seed", "data.shuffle_seed"},
        {"log.log_dir", "dir"},
        {"log.name", "name"},
        {"log.ckpt.save_top_k", "saving.keep_best"},
        {"log.ckpt.save_last", "saving.keep_last"},
        {"log.ckpt.every_n_train_steps", "saving.every_steps"},
    };
    return table;
}

bool isKey(std::string_view key)
{
    return std::ranges::find(jobKeys(), key) != jobKeys().end();
}

bool isGroup(std::string_view key)
{
    const std::string prefix = std::string(key) + ".";
    return std::ranges::any_of(jobKeys(), [&](const std::string& each) { return each.starts_with(prefix); });
}

std::string lastWord(std::string_view key)
{
    return std::string(key.substr(key.rfind('.') + 1));  // npos + 1 is 0
}

Error unknownKey(const std::string& key)
{
    std::string advice;
    for (const std::string& each : jobKeys())
        if (each.ends_with("." + lastWord(key)) || each == lastWord(key))
            advice += (advice.empty() ? "; did you mean \"" : "\" or \"") + each;
    if (!advice.empty())
        return refused("the job has no key " + inQuotes(key) + advice + "\"?");
    std::vector<std::string> all = jobKeys();
    for (const auto& [theirs, ours] : aliasTable())
        all.push_back(theirs);
    advice = core::suggestion(key, all);
    for (auto each = jobKeys().begin(); advice.empty() && each != jobKeys().end(); ++each) {
        const std::vector<std::string> last = {lastWord(*each)};
        if (!core::nearestName(lastWord(key), last).empty())
            advice = "; did you mean \"" + *each + "\"?";
    }
    return refused("the job has no key " + inQuotes(key) + advice);
}

/// NeMo's words for what ours call otherwise.
json withOurWords(const std::string& alias, const json& value)
{
    if (alias == "peft_scheme" && (value == "none" || value.is_null()))
        return "full";
    if (alias == "log.ckpt.save_last" && (value == "link" || value.is_boolean()))
        return value == false ? 0 : 1;
    if (alias == "resume_path" && value.is_string()) {
        std::string path = value.get<std::string>();
        for (const char* scheme : {"nemo://", "hf://"})
            if (path.starts_with(scheme))
                path.erase(0, std::string_view(scheme).size());
        return path;
    }
    return value;
}

Result<void> flatten(const json& value, const std::string& path, Settings& settings,
                     std::map<std::string, std::string>& saidAs)
{
    const bool isTakenApart = value.is_object() && isGroup(path);  // "model" is a group and a short form
    const std::string ours = isKey(path) ? path : isTakenApart ? "" : aliasFor(path);
    if (!ours.empty()) {
        if (const auto earlier = saidAs.find(ours); earlier != saidAs.end())
            return refused("the job says both " + inQuotes(earlier->second) + " and " + inQuotes(path) +
                           ", which are the same; leave one out");
        saidAs[ours] = path;
        settings[ours] = ours == path ? value : withOurWords(path, value);
        return {};
    }
    if (value.is_object() && !value.empty()) {
        for (const auto& [key, member] : value.items())
            if (Result<void> done = flatten(member, path.empty() ? key : path + "." + key, settings, saidAs);
                !done)
                return done;
        return {};
    }
    if (path.empty() || (value.is_object() && isGroup(path)))
        return {};
    if (isGroup(path))
        return refused(path + " is " + core::shown(value) + ", not an object");
    return unknownKey(path);
}

void makeAbsolute(json& value, const std::filesystem::path& folder)
{
    if (!value.is_string())
        return;
    const std::string text = value.get<std::string>();
    if (text.empty() || text.starts_with("mock:") || text.find("://") != std::string::npos)
        return;
    std::filesystem::path path = text;
    if (path.is_relative())
        value = (folder / path).lexically_normal().string();
}

void makePathsAbsolute(Settings& settings, const std::filesystem::path& folder)
{
    for (const char* key : {"dir", "lora.init_adapter", "data.validation.path"})
        if (const auto found = settings.find(key); found != settings.end())
            makeAbsolute(found->second, folder);
    const std::pair<const char*, std::vector<const char*>> lists[] = {
        {"data.sources", {"path", "image_root"}}, {"samples.prompts", {"image"}}};
    for (const auto& [key, members] : lists) {
        const auto found = settings.find(key);
        if (found == settings.end() || !found->second.is_array())
            continue;
        for (json& each : found->second)
            for (const char* member : members)
                if (each.is_object() && each.contains(member))
                    makeAbsolute(each[member], folder);
    }
    // A model may also be a name or an id, so only what is a folder there counts.
    if (const auto base = settings.find("model.base"); base != settings.end() && base->second.is_string()) {
        std::error_code ignored;
        if (std::filesystem::is_directory(folder / base->second.get<std::string>(), ignored))
            makeAbsolute(base->second, folder);
    }
}

/// "data.sources.0.weight" -> the list's key, 0, "weight".
struct ListPlace {
    std::string key;
    size_t index = 0;
    std::string member;
};

std::optional<ListPlace> listPlace(const std::string& key)
{
    for (const char* list : {"data.sources", "samples.prompts"}) {
        const std::string prefix = std::string(list) + ".";
        if (!key.starts_with(prefix))
            continue;
        const char* const end = key.data() + key.size();
        ListPlace place{list, 0, ""};
        const auto [next, problem] = std::from_chars(key.data() + prefix.size(), end, place.index);
        if (problem != std::errc() || place.index > 999)
            return std::nullopt;
        if (next < end)
            place.member = std::string(next + 1, end);
        return place;
    }
    return std::nullopt;
}

Result<void> overrideInList(const ListPlace& place, const json& value, const std::string& key,
                            Settings& settings)
{
    json& list = settings[place.key];
    if (list.is_null())
        list = json::array();
    if (!list.is_array() || place.index > list.size())
        return refused(
            inQuotes(key) + ": " + place.key + " has " +
            (list.is_array() ? std::to_string(list.size()) + " entries" : std::string("no entries")));
    if (place.index == list.size())
        list.push_back(json::object());
    if (place.member.empty())
        list[place.index] = value;
    else if (list[place.index].is_object())
        list[place.index][place.member] = value;
    return {};
}

}  // namespace

const std::vector<std::string>& jobKeys()
{
    static const std::vector<std::string> keys = [] {
        KeyCollector collector;
        const Job defaults;
        visitJob(defaults, collector);
        return std::move(collector.keys);
    }();
    return keys;
}

std::vector<std::pair<std::string, std::string>> aliases()
{
    return aliasTable();
}

std::string aliasFor(std::string_view key)
{
    for (const auto& [theirs, ours] : aliasTable())
        if (theirs == key)
            return ours;
    return "";
}

Result<Settings> settingsFrom(const json& job)
{
    if (!job.is_object())
        return refused("holds " + core::shown(job) + ", not an object");
    json rest = job;
    if (const auto version = rest.find("facet_job"); version != rest.end()) {
        if (*version != kJobVersion)
            return refused("facet_job is " + core::shown(*version) + "; this Facet reads version " +
                           std::to_string(kJobVersion));
        rest.erase(version);
    }
    rest.erase("$schema");
    Settings settings;
    std::map<std::string, std::string> saidAs;
    if (const Result<void> done = flatten(rest, "", settings, saidAs); !done)
        return done.error();
    return settings;
}

Result<Settings> readJobFile(const std::filesystem::path& path)
{
    const Result<json> object = core::readJsonObject(path);
    if (!object)
        return object.error();
    Result<Settings> settings = settingsFrom(*object);
    if (!settings)
        return settings.error().during(path.string());
    std::error_code problem;
    const std::filesystem::path absolute = std::filesystem::absolute(path, problem);
    if (problem)
        return Error{ErrorCode::Io, "cannot find the folder of " + path.string() + ": " + problem.message()};
    makePathsAbsolute(*settings, absolute.parent_path());
    return settings;
}

Result<void> applyOverride(std::string_view text, Settings& settings)
{
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0)
        return refused(inQuotes(text) + " is no override such as lora.rank=8");
    const std::string key(text.substr(0, equals));
    const std::string written(text.substr(equals + 1));
    const Result<json> parsed = core::parseJson(written);
    const json value = parsed ? *parsed : json(written);

    if (const std::optional<ListPlace> place = listPlace(key))
        return overrideInList(*place, value, key, settings);
    if (!isKey(key) && value.is_object() && isGroup(key)) {
        Settings inner;
        std::map<std::string, std::string> saidAs;
        if (const Result<void> done = flatten(value, key, inner, saidAs); !done)
            return done;
        for (auto& [innerKey, innerValue] : inner)
            settings[innerKey] = innerValue;
        return {};
    }
    const std::string ours = isKey(key) ? key : aliasFor(key);
    if (ours.empty())
        return isGroup(key)
                   ? refused(inQuotes(key) + " is a group of keys; give an object or one of its keys")
                   : unknownKey(key);
    settings[ours] = ours == key ? value : withOurWords(key, value);
    return {};
}

}  // namespace facet::jobs
