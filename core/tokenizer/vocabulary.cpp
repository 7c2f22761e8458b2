#include "core/tokenizer/vocabulary.h"

#include <algorithm>
#include <array>

namespace facet::core {

bool isControlName(std::string_view name)
{
    constexpr std::array<std::string_view, 9> kNames = {"<pad>",
                                                        "<eos>",
                                                        "<bos>",
                                                        "<unk>",
                                                        "<start_of_turn>",
                                                        "<end_of_turn>",
                                                        "<start_of_image>",
                                                        "<end_of_image>",
                                                        "<image_soft_token>"};
    return std::ranges::find(kNames, name) != kNames.end();
}

std::string withMetaSpaces(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (c == ' ')
            result += "\xE2\x96\x81";
        else
            result += c;
    }
    return result;
}

}  // namespace facet::core
