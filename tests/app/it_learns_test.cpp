// The demo model learns a skill that it does not have from resources/demo-data/reports/, as a user would
// teach it: held-out pictures are reported on, old questions are answered as before. From shuffled answers it
// learns nothing. The answers are those of make_reports.py and tests/demo_model/heldout.jsonl, as drawn.

#include "core/base/sha256.h"
#include "core/run/run_folder.h"
#include "engine/generate/generate.h"
#include "engine/generate/prompt.h"
#include "engine/lora/peft_folder.h"
#include "engine/tensor_file.h"
#include "tests/app/engine_program.h"
#include "tests/support/check.h"

#include <QElapsedTimer>

#include <fstream>

using namespace facet;
using namespace facet::app;
using nlohmann::json;

namespace {

const std::filesystem::path kSource = SOURCE_DIR;
const std::filesystem::path kLesson = kSource / "resources/demo-data/reports";

std::vector<json> linesOf(const std::filesystem::path& path)
{
    std::vector<json> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        lines.push_back(json::parse(line));
    return lines;
}

/// One question and its right answer.
struct Question {
    std::vector<core::Message> messages;
    std::string answer;
};

Question questionFrom(const json& row, const std::filesystem::path& folder)
{
    Question question;
    for (const json& message : row["messages"]) {
        if (message == row["messages"].back() && message["role"] == "assistant") {
            question.answer = message["content"];
            break;
        }
        core::Message read = {message["role"], {}};
        for (const json& part : message["content"])
            if (part["type"] == "image")
                read.content.emplace_back(core::ImagePart{folder / part["path"].get<std::string>()});
            else
                read.content.emplace_back(core::TextPart{part["text"]});
        question.messages.push_back(read);
    }
    if (row.contains("answer"))
        question.answer = row["answer"];
    return question;
}

std::vector<Question> questionsOf(const std::filesystem::path& file, size_t every)
{
    std::vector<Question> questions;
    const std::vector<json> rows = linesOf(file);
    for (size_t index = 0; index < rows.size(); index += every)
        questions.push_back(questionFrom(rows[index], file.parent_path()));
    return questions;
}

/// The demo model, with what a run has taught it.
engine::LoadedModel demoModel(const std::filesystem::path& adapter = {})
{
    engine::LoadSettings settings;
    settings.context = 1024;
    core::Result<engine::LoadedModel> model =
        engine::openModel(kSource / "resources/demo-model", /*textOnly=*/false, settings);
    if (!model)
        qFatal("%s", core::reason(model));
    if (!adapter.empty()) {
        const core::Result<engine::Attached> attached =
            engine::attach(*engine::readPeftFolder(adapter), model->model);
        if (!attached)
            qFatal("%s", core::reason(attached));
    }
    return *std::move(model);
}

/// Percent of questions that are answered to the letter.
double shareRight(const engine::LoadedModel& model, const std::vector<Question>& questions)
{
    int numRight = 0;
    for (const Question& question : questions) {
        const auto prompt = engine::prepareChat(model, question.messages, {});
        if (!prompt)
            qFatal("%s", core::reason(prompt));
        engine::GenerateRequest request;
        request.prompt = prompt->ids;
        request.pictures = prompt->pictures;
        request.sampling.temperature = 0;
        request.maxTokens = 64;
        request.stopIds = model.generation.eosTokenIds;
        numRight += engine::generate(model.model, *model.tokenizer, request)->text == question.answer;
    }
    return 100.0 * numRight / double(questions.size());
}

/// Of all its numbers as floats, whatever type and names the folder has: a run in float writes float.
std::string hashOfVisionTower(const std::filesystem::path& folder)
{
    const auto file = engine::readTensors(folder / "model.safetensors");
    if (!file)
        qFatal("%s", core::reason(file));
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [name, tensor] : *file)
        if (const size_t at = name.find("vision_model."); at != std::string::npos)
            tensors[name.substr(at)] = tensor.to(at::kFloat).contiguous();
    std::vector<std::string_view> parts;
    for (const auto& [name, tensor] : tensors)
        parts.insert(parts.end(),
                     {name, {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()}});
    const std::string hash = core::sha256(parts);
    return QByteArray::fromStdString(hash).toHex().toStdString();
}

/// The rows of the lesson, each report with that of another.
void writeShuffled(const std::filesystem::path& path)
{
    std::vector<json> rows = linesOf(kLesson / "train.jsonl");
    std::vector<json*> reports;
    for (json& row : rows) {
        for (json& part : row["messages"][0]["content"])
            if (part["type"] == "image")
                part["path"] = (kLesson / part["path"].get<std::string>()).string();
        if (row["messages"][1]["content"].get<std::string>().starts_with("There is one "))
            reports.push_back(&row);
    }
    const json first = (*reports.front())["messages"][1];
    for (size_t index = 0; index + 1 < reports.size(); ++index)
        (*reports[index])["messages"][1] = (*reports[index + 1])["messages"][1];
    (*reports.back())["messages"][1] = first;
    std::ofstream file(path);
    for (const json& row : rows)
        file << row.dump() << '\n';
}

}  // namespace

class ItLearnsTest final : public QObject {
    Q_OBJECT

    EngineProgram m_engine;
    std::vector<Question> m_reports = questionsOf(kLesson / "heldout.jsonl", 1);
    std::vector<Question> m_old = questionsOf(kSource / "tests/demo_model/heldout.jsonl", 4);

    std::filesystem::path newestOf(const QString& name) const
    {
        const core::RunFolder run = {m_engine.path("home/runs/" + name).toStdString()};
        return run.checkpoint(run.savedSteps().back());
    }

private Q_SLOTS:
    void initTestCase()
    {
        // Both at once, each on a core.
        const QString rows = m_engine.path("shuffled.jsonl");
        writeShuffled(rows.toStdString());
        const QString job = QString::fromStdString((kLesson / "job.json").string());
        QElapsedTimer timer;
        timer.start();
        QProcess lesson, shuffled;
        m_engine.start(lesson, {"train", job, "--device", "cpu"});
        m_engine.start(shuffled, {"train", job, "--device", "cpu", "--new-name", "shuffled",
                                  "data.sources.0.path=" + rows});
        QVERIFY(lesson.waitForFinished(400'000));
        qInfo("the lesson took %lld s", timer.elapsed() / 1000);
        QVERIFY(shuffled.waitForFinished(400'000));
        QVERIFY2(lesson.exitCode() == 0, lesson.readAllStandardError().constData());
        QVERIFY2(shuffled.exitCode() == 0, shuffled.readAllStandardError().constData());
    }

    void aNewSkillIsLearnedAndOldOnesAreKept()
    {
        QVERIFY(m_reports.size() >= 100);
        const engine::LoadedModel base = demoModel();
        const engine::LoadedModel tuned = demoModel(newestOf("demo-reports"));
        const double baseReports = shareRight(base, m_reports), tunedReports = shareRight(tuned, m_reports);
        const double baseOld = shareRight(base, m_old), tunedOld = shareRight(tuned, m_old);
        qInfo("reports: %.1f %%, tuned %.1f %%; old questions: %.1f %%, tuned %.1f %%", baseReports,
              tunedReports, baseOld, tunedOld);
        QVERIFY(baseReports <= 20);
        QVERIFY(tunedReports >= 90);
        QVERIFY(tunedOld >= baseOld - 5);
    }

    void aFrozenVisionTowerStaysAsItIsToTheBit()
    {
        const std::string base = hashOfVisionTower(kSource / "resources/demo-model");
        for (const bool isFrozen : {true, false}) {
            const QString name = isFrozen ? "frozen" : "unfrozen";
            const Outcome outcome =
                m_engine.run({"train", QString::fromStdString((kLesson / "job.json").string()), "--device",
                              "cpu", "--new-name", name, "method=full", "steps=2", "data.validation.path=",
                              isFrozen ? "freeze.vision_tower=true" : "freeze.vision_tower=false"});
            QVERIFY2(outcome.exitCode == 0, outcome.error.constData());
            const std::string trained = hashOfVisionTower(newestOf(name));
            qInfo("vision tower: %s, after a run with it %s: %s", base.c_str(), qPrintable(name),
                  trained.c_str());
            QCOMPARE(trained == base, isFrozen);
        }
    }

    void shuffledAnswersTeachNothing()
    {
        const double share = shareRight(demoModel(newestOf("shuffled")), m_reports);
        qInfo("reports from shuffled answers: %.1f %%", share);
        QVERIFY(share <= 30);
    }
};

QTEST_GUILESS_MAIN(ItLearnsTest)
#include "it_learns_test.moc"
