#include "jobs/targets/target_selection.h"

#include "core/base/nearest.h"
#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <regex>
#include <set>

namespace facet::jobs {
namespace {

using core::Error;
using core::ErrorCode;
using core::inQuotes;
using core::Result;

constexpr std::string_view kAllLinear = "all-linear";
constexpr size_t kMaxPatternLength = 1000;

Error refused(std::string message)
{
    return {ErrorCode::InvalidInput, std::move(message)};
}

Result<std::regex> compiled(const std::string& pattern, const std::string& shown)
{
    if (pattern.size() > kMaxPatternLength)
        return refused("the target pattern " + inQuotes(shown) + " is longer than " +
                       std::to_string(kMaxPatternLength) + " characters");
    for (const char* foreign :
         {"(?P", "(?<", "(?i", "(?x", "(?s", "(?m", "(?a", "(?u", "\\A", "\\Z", "++", "*+"})
        if (pattern.find(foreign) != std::string::npos)
            return refused("the target pattern " + inQuotes(shown) + " has \"" + foreign +
                           "\", which is not supported: write it without, or list the modules' names");
    try {
        return std::regex(pattern, std::regex::ECMAScript | std::regex::nosubs);
    } catch (const std::regex_error&) {
        return refused("the target pattern " + inQuotes(shown) + " is no valid regular expression");
    }
}

bool matches(const std::string& text, const std::regex& pattern)
{
    try {
        return std::regex_match(text, pattern);
    } catch (const std::regex_error&) {
        return false;  // too many steps: it does not match within reason
    }
}

/// The module's names in transformers: of vision modules, the one of 4.52 to 4.57 is the second.
std::vector<std::string> namesOf(const LinearModule& module)
{
    std::vector<std::string> names = {module.name};
    if (module.tower == Tower::Vision) {
        constexpr std::string_view tower = "vision_tower.";
        const size_t at = module.name.find(tower) + tower.size();
        names.push_back(module.name.substr(0, at) + "vision_model." + module.name.substr(at));
    }
    return names;
}

/// NeMo wraps the model into "module"; a text model is named with and without "language_model.".
std::vector<std::string> nemoPathsOf(const LinearModule& module)
{
    std::vector<std::string> paths = {module.nemoPath, "module." + module.nemoPath};
    constexpr std::string_view language = "language_model.";
    if (module.tower == Tower::Language && module.name.starts_with("model.layers.")) {
        paths.push_back(module.nemoPath.substr(language.size()));
        paths.push_back("module." + paths.back());
    }
    return paths;
}

std::string withoutStars(const std::string& pattern)
{
    std::string result;
    for (const char c : pattern)
        result += c == '*' ? std::string("(.*)") : std::string(1, c);
    return result;
}

using Predicate = std::function<bool(const LinearModule&)>;

Predicate anyNameMatches(std::regex pattern)
{
    return [pattern = std::move(pattern)](const LinearModule& module) {
        return std::ranges::any_of(namesOf(module),
                                   [&](const std::string& name) { return matches(name, pattern); });
    };
}

Predicate anyPathMatches(std::regex pattern)
{
    return [pattern = std::move(pattern)](const LinearModule& module) {
        return std::ranges::any_of(nemoPathsOf(module),
                                   [&](const std::string& path) { return matches(path, pattern); });
    };
}

bool isNameOf(const std::string& name, const LinearModule& module)
{
    return std::ranges::any_of(namesOf(module), [&](const std::string& whole) {
        return whole == name || whole.ends_with("." + name);
    });
}

Result<Predicate> predicateOf(const std::string& entry)
{
    if (entry.empty())
        return refused("a target pattern is empty; write a name such as q_proj or leave it out");
    if (entry == kAllLinear)
        return Predicate([](const LinearModule&) { return true; });
    Result<std::regex> pattern = compiled(withoutStars(entry), entry);
    if (!pattern)
        return pattern.error();
    const bool hasStar = entry.find('*') != std::string::npos;
    Predicate inNemo = anyPathMatches(*pattern);
    Predicate inNames = anyNameMatches(*pattern);
    return Predicate([entry, hasStar, inNemo, inNames](const LinearModule& module) {
        return isNameOf(entry, module) || module.nemoShort == entry || inNemo(module) ||
               (hasStar && inNames(module));
    });
}

Result<Predicate> predicateOfRegex(const std::string& regex)
{
    // PEFT compares this one word without regard to case.
    std::string lower = regex;
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    if (lower == kAllLinear)
        return predicateOf(lower);
    Result<std::regex> pattern = compiled(regex, regex);
    if (!pattern)
        return pattern.error();
    return anyNameMatches(*pattern);
}

/// Why a pattern may have missed, and what to write.
std::string adviceFor(const std::string& pattern, std::span<const LinearModule> modules, bool isRegex)
{
    const size_t dot = pattern.rfind('.');
    const std::string last = dot == std::string::npos ? pattern : pattern.substr(dot + 1);
    if (last == "linear_q" || last == "linear_kv" || last == "linear_k" || last == "linear_v")
        return ": NeMo has that name for layers that Gemma 3 has not; write linear_qkv, or q_proj, k_proj, "
               "v_proj "
               "for one of the three";
    if (last == "lm_head" || last == "embed_tokens" || last == "output_layer")
        return ": the head is the embedding table and takes no LoRA; train it whole with "
               "freeze.embeddings=false";
    if (pattern.find("projector") != std::string::npos ||
        pattern.find("vision_projection") != std::string::npos || last == "mm_input_projection_weight")
        return ": the projector is one matrix and takes no LoRA; train it whole with freeze.projector=false";
    const bool wantsVision = pattern.find("vision") != std::string::npos;
    if (wantsVision &&
        std::ranges::none_of(modules, [](const LinearModule& m) { return m.tower == Tower::Vision; }))
        return ": this model has no vision tower";
    std::set<std::string> shortNames;
    for (const LinearModule& module : modules) {
        shortNames.insert(module.name.substr(module.name.rfind('.') + 1));
        shortNames.insert(module.nemoShort);
    }
    if (isRegex && (shortNames.contains(pattern)))
        return ": a text is a regular expression for the whole name; write [\"" + pattern +
               "\"] for every module "
               "whose name ends so";
    const std::vector<std::string> known(shortNames.begin(), shortNames.end());
    const std::string near = core::suggestion(last, known);
    return near.empty() ? "; facet-engine targets MODEL all-linear lists the names" : near;
}

struct Checked {
    std::string text;
    Predicate matches;
};

/// Compiles patterns and refuses those that match no module.
Result<std::vector<Checked>> check(const std::vector<std::string>& names, const std::string& regex,
                                   std::span<const LinearModule> modules)
{
    std::vector<Checked> result;
    const auto add = [&](const std::string& text, Result<Predicate> predicate, bool isRegex) -> Result<void> {
        if (!predicate)
            return predicate.error();
        if (std::ranges::none_of(modules, *predicate))
            return refused("the target pattern " + inQuotes(text) + " matches nothing in this model" +
                           adviceFor(text, modules, isRegex));
        result.push_back({text, *std::move(predicate)});
        return {};
    };
    for (const std::string& name : names)
        if (Result<void> added = add(name, predicateOf(name), false); !added)
            return added.error();
    if (!regex.empty())
        if (Result<void> added = add(regex, predicateOfRegex(regex), true); !added)
            return added.error();
    return result;
}

/// The numbers that "0-5,10,20-" stands for, below `count`.
Result<std::set<int64_t>> parseLayers(const std::string& text, int64_t count)
{
    std::set<int64_t> layers;
    const auto malformed = [&] {
        return refused("the layers " + inQuotes(text) +
                       " are no list such as 0-5,10,20- of numbers from 0 to " + std::to_string(count - 1));
    };
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        int64_t first = 0;
        auto [next, problem] = std::from_chars(at, end, first);
        if (problem != std::errc() || first < 0 || first >= count)
            return malformed();
        int64_t last = first;
        at = next;
        if (at < end && *at == '-') {
            ++at;
            last = count - 1;
            if (at < end && *at != ',') {
                const auto range = std::from_chars(at, end, last);
                if (range.ec != std::errc() || last < first || last >= count)
                    return malformed();
                at = range.ptr;
            }
        }
        if (at < end && *at++ != ',')
            return malformed();
        for (int64_t layer = first; layer <= last; ++layer)
            layers.insert(layer);
    }
    return layers;
}

}  // namespace

Result<TargetSelection> selectTargets(std::span<const LinearModule> modules, const TargetPatterns& patterns)
{
    if (patterns.names.empty() && patterns.regex.empty())
        return refused(
            "there are no LoRA targets; write names such as q_proj, NeMo's linear_qkv, or all-linear");
    if (!patterns.names.empty() && !patterns.regex.empty())
        return refused("the LoRA targets are both a list and a regular expression; write one of them");
    const Result<std::vector<Checked>> wanted = check(patterns.names, patterns.regex, modules);
    if (!wanted)
        return wanted.error();
    const Result<std::vector<Checked>> unwanted = check(patterns.exclude, patterns.excludeRegex, modules);
    if (!unwanted)
        return unwanted.error().during("excluding");
    int64_t numLayers = 0;
    for (const LinearModule& module : modules)
        numLayers = std::max(numLayers, module.layer + 1);
    const Result<std::set<int64_t>> layers = parseLayers(patterns.layers, numLayers);
    if (!layers)
        return layers.error();

    TargetSelection selection;
    for (const Checked& each : *wanted)
        selection.patterns.push_back({each.text, 0});
    for (const LinearModule& module : modules) {
        const bool isOut =
            std::ranges::any_of(*unwanted, [&](const Checked& each) { return each.matches(module); }) ||
            (!patterns.layers.empty() && !layers->contains(module.layer));
        if (isOut)
            continue;
        bool isIn = false;
        for (size_t i = 0; i < wanted->size(); ++i) {
            if ((*wanted)[i].matches(module)) {
                isIn = true;
                ++selection.patterns[i].numModules;
            }
        }
        if (isIn)
            selection.modules.push_back(module);
    }
    for (const TargetSelection::Pattern& pattern : selection.patterns)
        if (pattern.numModules == 0)
            return refused("nothing is left of the target pattern " + inQuotes(pattern.text) +
                           ": all that it matches is excluded or in other layers");
    return selection;
}

Result<bool> meansModule(const std::string& key, const LinearModule& module)
{
    if (module.nemoShort == key)
        return true;
    const Result<std::regex> pattern = compiled("(.*\\.)?(" + key + ")", key);
    if (pattern && anyNameMatches(*pattern)(module))
        return true;
    const Result<std::regex> nemo = compiled(withoutStars(key), key);
    if (!nemo)
        return nemo.error();
    return anyPathMatches(*nemo)(module) ||
           (key.find('*') != std::string::npos && anyNameMatches(*nemo)(module));
}

}  // namespace facet::jobs
