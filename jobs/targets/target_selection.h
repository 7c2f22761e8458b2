#pragma once

// Which linear modules get a LoRA: NeMo's patterns and PEFT's, each meaning what it means there.

#include "core/base/result.h"
#include "jobs/targets/linear_modules.h"

#include <span>
#include <string>
#include <vector>

namespace facet::jobs {

struct TargetPatterns {
    /// Any of these. An entry is
    ///   * a name of PEFT's: the module's whole name or its end after a dot ("q_proj", "self_attn.q_proj");
    ///   * a name or a pattern of NeMo's: "linear_qkv", "*.language_model.*.linear_fc1"; "*" stands for
    ///     anything, the rest is a regular expression over the whole NeMo path, as there;
    ///   * the same pattern, if it has a "*", over the module's name in transformers ("*_proj");
    ///   * "all-linear": every linear module but the head.
    std::vector<std::string> names{};

    /// Instead of `names`: PEFT's target_modules as a text, a regular expression over the whole name.
    std::string regex{};

    std::vector<std::string> exclude{};  ///< as `names`; they win
    std::string excludeRegex{};          ///< as `regex`

    /// "0-5,10,20-": numbers of layers, as PEFT's layers_to_transform: of both towers. "" is all.
    std::string layers{};
};

struct TargetSelection {
    std::vector<LinearModule> modules;

    struct Pattern {
        std::string text;
        int64_t numModules = 0;  ///< that it matches, excluded ones and other layers not counted
    };
    std::vector<Pattern> patterns;
};

/// Errors  InvalidInput: a pattern (also an excluding one) that matches nothing, with the nearest name; a
///         malformed pattern; a range of layers that the model has not; no pattern at all.
/// Source  peft 0.21, tuners/tuners_utils.py, check_target_module_exists; NeMo,
/// lightning/../module_matcher.py.
///         Where PEFT sees "vision_tower.encoder" or "vision_tower.vision_model.encoder" depending on the
///         version of transformers, both match here. Of Python's regular expressions, those that ECMAScript
///         has, too; named groups, look-behind and flags are refused.
core::Result<TargetSelection> selectTargets(std::span<const LinearModule> modules,
                                            const TargetPatterns& patterns);

/// Does `key`, one of PEFT's rank_pattern or a name or pattern of NeMo's, mean this module? `key` may be a
/// regular expression for the end of the name, after a dot.
///
/// Errors  InvalidInput if it is malformed
core::Result<bool> meansModule(const std::string& key, const LinearModule& module);

}  // namespace facet::jobs
