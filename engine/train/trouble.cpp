#include "engine/train/trouble.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace facet::engine {
namespace {

constexpr size_t kRemembered = 64, kNeeded = 16;

std::string shown(double value)
{
    char text[32];
    std::snprintf(text, sizeof(text), "%.4g", value);
    return text;
}

const char* inWords(Answer answer)
{
    return answer == Answer::Skip   ? "; this step is left out"
           : answer == Answer::Stop ? "; the run stops before this step"
                                    : "; the run goes on";
}

}  // namespace

std::optional<Trouble> TroubleWatch::judge(double loss, double gradNorm)
{
    std::optional<Trouble> trouble;
    if (!std::isfinite(loss) || !std::isfinite(gradNorm)) {
        trouble = {m_rules.nonFinite,
                   "the loss is " + shown(loss) + " and the gradient's length " + shown(gradNorm)};
    } else if (m_recent.size() >= kNeeded) {
        double mean = 0, variance = 0;
        for (const double recent : m_recent)
            mean += recent / double(m_recent.size());
        for (const double recent : m_recent)
            variance += (recent - mean) * (recent - mean) / double(m_recent.size());
        // Losses that hardly differ would make anything a spike.
        const double deviation = std::max(std::sqrt(variance), 0.05 * std::abs(mean));
        if (loss > mean + m_rules.spikeDeviations * deviation)
            trouble = {m_rules.spike, "the loss jumped to " + shown(loss) + " from about " + shown(mean)};
    }

    m_numSkipped = trouble && trouble->answer == Answer::Skip ? m_numSkipped + 1 : 0;
    if (m_numSkipped > m_rules.maxSkipped)
        trouble = {Answer::Stop,
                   std::to_string(m_rules.maxSkipped) +
                       " steps in a row were left out; lower optimizer.lr, or look at the data"};
    else if (trouble)
        trouble->what += inWords(trouble->answer);
    if (std::isfinite(loss) && (!trouble || trouble->answer == Answer::GoOn)) {
        m_recent.push_back(loss);
        if (m_recent.size() > kRemembered)
            m_recent.erase(m_recent.begin());
    }
    return trouble;
}

}  // namespace facet::engine
