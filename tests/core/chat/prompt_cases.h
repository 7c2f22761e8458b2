#pragma once

// Conversations and what transformers makes of them, as golden/make_prompts.py writes them.

#include "core/base/file.h"
#include "core/chat/chat_template.h"
#include "core/chat/message_json.h"
#include "core/chat/prompt.h"
#include "tests/support/check.h"

#include <nlohmann/json.hpp>

#include <QTest>

namespace facet::core {

/// The configuration that make_prompts.py assumes, with the ids that this tokenizer has.
inline gemma3::Config promptConfig(const Tokenizer& tokenizer)
{
    gemma3::Config config;
    config.vision.emplace();
    config.tokensPerImage = 4;
    config.boiTokenId = tokenizer.idOf("<start_of_image>").value_or(-1);
    config.eoiTokenId = tokenizer.idOf("<end_of_image>").value_or(-1);
    config.imageTokenId = tokenizer.idOf("<image_soft_token>").value_or(-1);
    return config;
}

/// Compares text and ids of each conversation in the file. The conversations have no control pieces in their
/// texts, so both readings must give transformers' ids.
inline void comparePrompts(const std::filesystem::path& path, const Tokenizer& tokenizer,
                           const ChatTemplate& chatTemplate, size_t numExpected)
{
    const Result<std::string> text = readFile(path, 1 << 26);
    QVERIFY2(text, reason(text));
    const nlohmann::json cases = nlohmann::json::parse(*text, nullptr, false);
    QCOMPARE(cases.size(), numExpected);
    const gemma3::Config config = promptConfig(tokenizer);
    for (const nlohmann::json& each : cases) {
        const Result<std::vector<Message>> messages = messagesFromJson(each["messages"]);
        QVERIFY2(messages, reason(messages));
        const auto parts = chatTemplate.render(*messages, each["generation"].get<bool>(), true);
        QVERIFY2(parts, reason(parts));
        QCOMPARE(asText(*parts), each["text"].get<std::string>());
        for (const bool hfSpecials : {false, true}) {
            const PromptOptions options{hfSpecials, each["crops"].get<std::vector<int64_t>>()};
            const Result<PromptTokens> tokens = tokenizePrompt(*parts, tokenizer, config, options);
            QVERIFY2(tokens, reason(tokens));
            QVERIFY2(tokens->ids == each["ids"].get<std::vector<int64_t>>(), each["messages"].dump().c_str());
            QCOMPARE(tokens->images.size(), each["crops"].size());
        }
    }
}

}  // namespace facet::core
