#include "core/data/sample.h"

#include <numeric>

namespace facet::core {

std::vector<std::string> DataSample::pictureSources() const
{
    std::vector<std::string> sources;
    const auto add = [&](const std::vector<ContentPart>& parts) {
        for (const ContentPart& part : parts)
            if (const auto* image = std::get_if<ImagePart>(&part))
                sources.push_back(image->source);
    };
    for (const Message& message : messages)
        add(message.content);
    add(document);
    return sources;
}

int64_t TokenizedSample::numInLoss() const
{
    return std::accumulate(inLoss.begin(), inLoss.end(), int64_t{0});
}

}  // namespace facet::core
