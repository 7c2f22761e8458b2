#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace facet::engine {

/// What a run does about a step that looks wrong.
enum class Answer { GoOn, Skip, Stop };

struct TroubleRules {
    Answer nonFinite =
        Answer::Skip;             ///< a loss or a gradient that is no number; GoOn would destroy the model
    Answer spike = Answer::GoOn;  ///< a loss far above the recent ones
    double spikeDeviations = 6;   ///< how far, in standard deviations of the recent losses
    int64_t maxSkipped = 10;      ///< steps skipped in a row before the run stops
};

struct Trouble {
    Answer answer = Answer::GoOn;
    std::string what;  ///< a sentence
};

/// Watches losses and gradients.
class TroubleWatch {
public:
    TroubleWatch(const TroubleRules& rules, std::vector<double> recentLosses)
        : m_rules(rules), m_recent(std::move(recentLosses))
    {
    }

    /// What is wrong with a step, before it changes the model; none if nothing is.
    std::optional<Trouble> judge(double loss, double gradNorm);

    const std::vector<double>& recentLosses() const { return m_recent; }

private:
    TroubleRules m_rules;
    std::vector<double> m_recent;
    int64_t m_numSkipped = 0;  // in a row
};

}  // namespace facet::engine
