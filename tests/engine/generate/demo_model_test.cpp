// The demo model answers all its held-out questions as transformers answers them, word for word.
// expected.jsonl is what tests/demo_model/check_demo_model.py --write got from transformers, in fp32 and
// greedily.

#include "core/base/file.h"
#include "core/chat/message_json.h"
#include "engine/generate/generate.h"
#include "engine/generate/loaded_model.h"
#include "engine/generate/prompt.h"
#include "tests/support/check.h"

#include <nlohmann/json.hpp>

#include <QTest>

#include <map>
#include <sstream>

using namespace facet;
using namespace facet::engine;

namespace {

const std::filesystem::path kFolder = SOURCE_DIR "/tests/demo_model";

std::vector<nlohmann::json> linesOf(const std::filesystem::path& path)
{
    std::istringstream text(*core::readFile(path, 1 << 24));
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(text, line);)
        lines.push_back(nlohmann::json::parse(line));
    return lines;
}

}  // namespace

class DemoModelTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itsAnswersAreTransformersWordForWord()
    {
        const core::Result<LoadedModel> model =
            openModel(SOURCE_DIR "/resources/demo-model", /*textOnly=*/false, LoadSettings{});
        QVERIFY2(model, core::reason(model));
        const std::vector<nlohmann::json> questions = linesOf(kFolder / "heldout.jsonl");
        const std::vector<nlohmann::json> expected = linesOf(kFolder / "expected.jsonl");
        QCOMPARE(questions.size(), expected.size());
        QVERIFY(questions.size() >= 500);

        PromptSettings settings;
        settings.folder = kFolder;
        std::map<std::string, std::pair<int, int>> rightOf;  // of each kind: right answers, and all
        for (size_t i = 0; i < questions.size(); ++i) {
            const core::Result<std::vector<core::Message>> messages =
                core::messagesFromJson(questions[i]["messages"]);
            QVERIFY2(messages, core::reason(messages));
            const core::Result<PreparedPrompt> prompt = prepareChat(*model, *messages, settings);
            QVERIFY2(prompt, core::reason(prompt));
            GenerateRequest request;
            request.prompt = prompt->ids;
            request.pictures = prompt->pictures;
            request.maxTokens = 64;
            request.stopIds = model->generation.eosTokenIds;
            const core::Result<GenerateResult> answer =
                engine::generate(model->model, *model->tokenizer, request);
            QVERIFY2(answer, core::reason(answer));
            QVERIFY2(answer->text == expected[i]["answer"].get<std::string>(),
                     ("question " + std::to_string(i) + ": " + answer->text).c_str());
            auto& [right, all] = rightOf[questions[i]["kind"]];
            right += answer->text == questions[i]["answer"].get<std::string>();
            ++all;
        }

        int right = 0, all = 0;
        for (const auto& [kind, counts] : rightOf) {
            QVERIFY2(counts.first >= 0.8 * counts.second, kind.c_str());
            right += counts.first;
            all += counts.second;
        }
        QVERIFY(rightOf.size() >= 6);
        QVERIFY(right >= 0.9 * all);
    }
};

QTEST_GUILESS_MAIN(DemoModelTest)
#include "demo_model_test.moc"
