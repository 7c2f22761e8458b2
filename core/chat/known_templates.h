#pragma once

// The Gemma 3 templates that are known, as numbers: their text is Google's, under Gemma's own terms, and no
// part of Facet. Made by statementsOf() of the template in tokenizer_config.json of google/gemma-3-*-it,
// which is the same for 270M, 1B (text) and 4B, 12B, 27B (vision).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace facet::core {

/// Hash of each statement.
constexpr std::array kGemma3Statements = {
    0x06D2044F4C656A4Du, 0xF5A2BA57777BC3C7u, 0x8E010E1883864150u, 0xEAD9D7ACDF67E8D1u, 0xA318573BD32F019Au,
    0x23E08C64727893A4u, 0xD02A6C36AE9F9D93u, 0xC9F251D9A29A5CC4u, 0xA318573BD32F019Au, 0xFDC5C589C71968A7u,
    0x5A760DFC4C80AD3Bu, 0xD02A6C36AE9F9D93u, 0xA8C3A591AA1D25ADu, 0xBFBE2EE2D74233C3u, 0x01A114A233047AFDu,
    0xD02A6C36AE9F9D93u, 0xE36EC6D1A32EFF18u, 0xED56FAC1C2B377DBu, 0xA318573BD32F019Au, 0x5B7D8F00DCF2C4B9u,
    0xD02A6C36AE9F9D93u, 0xBC97C40F12FB25CCu, 0x334B021927D746FDu, 0x66313E5B818DEA35u, 0xF73ABEE2BC992063u,
    0x5A3918587310DECAu, 0xA69B6D6BB8E2FEE8u, 0x2FBBD0488289971Fu, 0xC4BC7EAEEE1D970Bu, 0x510E0806649EC5A9u,
    0xD02A6C36AE9F9D93u, 0x2B3693A08A7AEBC1u, 0xA318573BD32F019Au, 0x586E9EF4BE9C6752u, 0xD02A6C36AE9F9D93u,
    0x4305E93A56631A62u, 0x2B3693A08A7AEBC1u, 0x128CB218A07F0ADDu, 0xE68B5BF74C2E490Cu, 0xD02A6C36AE9F9D93u,
};

/// Two statements of the files that Google published first, which put one newline behind the system message.
constexpr std::array kGemma3EarlyStatements = {std::pair<size_t, uint64_t>{3, 0x9980AFA7A3BE7441u},
                                               std::pair<size_t, uint64_t>{5, 0x40669317DA8C5D32u}};

/// The demo model's template, which does the same in words of our own (tests/demo_model/build_tokenizer.py):
/// FNV-1a over the hashes of its statements.
constexpr uint64_t kDemoTemplate = 0xBB19C6AB8C42C151u;

struct TemplateSection {
    size_t begin = 0;  ///< index of its first statement
    std::string_view what;
};

/// What the statements are for.
constexpr std::array kGemma3Sections = {
    TemplateSection{0, "write <bos>"},
    TemplateSection{1, "put the system message and a blank line in front of the first turn"},
    TemplateSection{12, "go through the messages and insist that user and assistant alternate"},
    TemplateSection{16, "call the assistant \"model\""},
    TemplateSection{21, "open a turn with <start_of_turn>, role and newline"},
    TemplateSection{22, "write the trimmed texts, and <start_of_image> for a picture"},
    TemplateSection{35, "close a turn with <end_of_turn> and newline"},
    TemplateSection{37, "open the model's turn if an answer is wanted"},
};

}  // namespace facet::core
