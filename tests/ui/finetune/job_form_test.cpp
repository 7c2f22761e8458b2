// The form without widgets: values over a recipe, history, draft, what is wrong where, the tree of modules,
// and the data. What it says is compared with jobs/ itself, which peers test.

#include "ui/finetune/job_form.h"
#include "jobs/targets/target_selection.h"
#include "ui/finetune/changes_model.h"
#include "ui/finetune/data_preview.h"
#include "ui/finetune/job_rules.h"
#include "ui/finetune/module_tree.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace facet;
using namespace facet::ui;
using nlohmann::json;

class JobFormTest final : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<JobForm> m_form;

    std::filesystem::path home() const { return m_home->path().toStdString(); }

    void open()
    {
        m_form.reset();
        m_form = std::make_unique<JobForm>(JobForm::Parts{
            home(), SOURCE_DIR "/resources/recipes", {{"demo", SOURCE_DIR "/resources/demo-model"}}});
    }
    bool waitForVerdict()
    {
        return QTest::qWaitFor([this] { return m_form->isJudged(); }, 20'000);
    }

    /// A small job on the demo model that nothing is wrong with.
    void makeDemoJob()
    {
        m_form->startFromRecipe(QString());
        m_form->apply({{"name", "small"},
                       {"model.base", "demo"},
                       {"lora.targets", {"*.language_model.*.linear_qkv"}},
                       {"data.sources", json::array({{{"path", "mock:text"}}})},
                       {"sequence_length", 256},
                       {"batch.global", 4},
                       {"precision", "fp32"},
                       {"steps", 6}});
    }

    static std::string write(const std::filesystem::path& path, const std::string& text)
    {
        std::ofstream(path) << text;
        return path.string();
    }

private Q_SLOTS:
    void init()
    {
        m_home = std::make_unique<QTemporaryDir>();
        qputenv("FACET_HOME", m_home->path().toUtf8());
        open();
    }
    void cleanup()
    {
        m_form.reset();
        m_home.reset();
    }

    void everyKeyOfAJobHasARule()
    {
        for (const std::string& key : jobs::jobKeys())
            QVERIFY2(jobRules().contains(key), key.c_str());
        QCOMPARE(jobRules().size(), jobs::jobKeys().size());
        QCOMPARE(jobRule("lora.rank").kind, JobRule::Kind::Whole);
        QCOMPARE(jobRule("parallel.nodes").kind, JobRule::Kind::AutoWhole);
        QCOMPARE(jobRule("freeze.norms").kind, JobRule::Kind::OptionalFlag);
    }

    void aWrongValueIsKeptAsTypedAndSaidInASentence_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("typed");
        const auto row = [](const char* key, const char* typed) {
            QTest::addRow("%s \"%s\"", key, typed) << QString::fromLatin1(key) << QString::fromUtf8(typed);
        };
        for (const char* whole : {"lora.rank", "batch.micro", "batch.global", "sequence_length", "steps"})
            for (const char* typed :
                 {"", "abc", "8x", "-1", "1.5", "1e99", "nan", "1,00", "0x10", "99999999999999999999", "８"})
                row(whole, typed);
        for (const char* number : {"lora.dropout", "optimizer.lr", "schedule.min_lr"})
            for (const char* typed : {"", "much", "-0.1", "inf", "nan", "1e400", "0,1", "11"})
                row(number, typed);
        row("method", "lorra");
        row("precision", "fp16");
        row("schedule.type", "");
        row("parallel.nodes", "many");
        row("packing", "maybe");
        row("freeze.norms", "perhaps");
        row("lora.rank_pattern", "{\"q_proj\": \"a\"}");
        row("data.sources", "[1]");
    }
    void aWrongValueIsKeptAsTypedAndSaidInASentence()
    {
        QFETCH(const QString, key);
        QFETCH(const QString, typed);
        makeDemoJob();
        m_form->setText(key.toStdString(), typed);
        QVERIFY(waitForVerdict());
        QCOMPARE(m_form->text(key.toStdString()), typed);
        const QString sentence = m_form->problem(key.toStdString());
        QVERIFY2(sentence.startsWith(key), qPrintable(sentence));
        QVERIFY(!m_form->verdict().isReady());
        QVERIFY(m_form->verdict().resolved);  // all else is still counted
        m_form->undo();
        QVERIFY(waitForVerdict());
        QVERIFY2(m_form->verdict().isReady(), qPrintable(m_form->problem(key.toStdString())));
    }

    void whatOnlyTheWholeJobShowsIsSaidAtItsField_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("at");
        QTest::addColumn<QString>("value");
        const auto row = [](const char* key, const char* value, const char* at = nullptr) {
            QTest::addRow("%s = %s", key, value)
                << QString::fromLatin1(key) << QString::fromLatin1(at ? at : key)
                << QString::fromLatin1(value);
        };
        row("name", "a/b");
        row("name", "");
        row("model.base", "no/such-model");
        row("lora.targets", "[\"q_prj\"]");
        row("lora.targets", "[]");
        row("lora.layers", "0-99", "lora.targets");
        row("batch.micro", "3", "batch.global");
        row("epochs", "2", "steps");
        row("steps", "0");
        row("schedule.min_lr", "0.5");
        row("sequence_length", "1000000");
        row("data.sources", "[]");
        row("early_stopping.patience", "3");
        row("samples.every_steps", "2");
        row("parallel.gpus_per_node", "3", "batch.global");
        row("recipe", "gemma9");
    }
    void whatOnlyTheWholeJobShowsIsSaidAtItsField()
    {
        QFETCH(const QString, key);
        QFETCH(const QString, at);
        QFETCH(const QString, value);
        makeDemoJob();
        m_form->setText(key.toStdString(), value);
        QVERIFY(waitForVerdict());
        QString all;
        for (const auto& [where, sentence] : m_form->verdict().problems)
            all += QString::fromStdString(where + ": " + sentence + "\n");
        QVERIFY2(!m_form->problem(at.toStdString()).isEmpty() ||
                     (key == QStringLiteral("recipe") && !m_form->problem("").isEmpty()),
                 qPrintable(all));
    }

    void differencesAreThoseToTheRecipeAndCanBeReset()
    {
        m_form->startFromRecipe(QStringLiteral("gemma3_4b_lora"));
        QVERIFY(m_form->changedKeys().empty());
        QCOMPARE(m_form->text("lora.rank"), QStringLiteral("32"));
        m_form->setText("lora.rank", QStringLiteral("16"));
        m_form->setText("batch.global", QStringLiteral("6,4"));
        QVERIFY(m_form->differs("lora.rank"));
        QVERIFY(m_form->baseValue("lora.rank") == json(32));
        QCOMPARE(m_form->changedKeys(), (std::vector<std::string>{"lora.rank", "batch.global"}));
        m_form->reset("batch.global");
        m_form->setText("lora.rank", QStringLiteral("32"));
        QVERIFY(m_form->changedKeys().empty());
        QVERIFY(!m_form->document().said.contains("lora.rank"));
    }

    void undoTakesBackAWordAndRedoGivesItAgain()
    {
        makeDemoJob();
        const JobDocument before = m_form->document();
        m_form->setText("lora.rank", QStringLiteral("1"));
        m_form->setText("lora.rank", QStringLiteral("12"));
        m_form->setText("lora.rank", QStringLiteral("128"));
        m_form->endStep();
        m_form->setText("lora.rank", QStringLiteral("8"));
        m_form->undo();
        QCOMPARE(m_form->text("lora.rank"), QStringLiteral("128"));
        m_form->undo();
        QVERIFY(m_form->document() == before);
        m_form->redo();
        m_form->redo();
        QCOMPARE(m_form->text("lora.rank"), QStringLiteral("8"));
        QVERIFY(!m_form->canRedo());
    }

    void nothingTypedIsLostWhenTheProgramEnds()
    {
        makeDemoJob();
        m_form->setText("lora.rank", QStringLiteral("twelve"));
        const JobDocument before = m_form->document();
        open();
        QVERIFY(m_form->document() == before);
        QCOMPARE(m_form->text("lora.rank"), QStringLiteral("twelve"));
    }

    void aDamagedDraftIsPutAside()
    {
        m_form.reset();
        std::filesystem::create_directories(home() / "drafts");
        write(home() / "drafts" / "finetune.json", "{\"facet_draft\": 1, ");
        open();
        QVERIFY(m_form->draftProblem().contains(QStringLiteral("finetune")));
        QVERIFY(std::filesystem::exists(home() / "drafts" / "finetune.damaged.json"));
    }

    void aSavedJobIsReadByTheEnginesReaderAndOpensAsItWas()
    {
        makeDemoJob();
        const QString file = m_home->filePath(QStringLiteral("job.json"));
        QVERIFY(m_form->save(file));
        const core::Result<jobs::Settings> read = jobs::readJobFile(file.toStdString());
        QVERIFY2(static_cast<bool>(read), read ? "" : read.error().message.c_str());
        QVERIFY(read->at("sequence_length") == json(256));
        const JobDocument before = m_form->document();
        m_form->startFromRecipe(QStringLiteral("gemma3_1b_full"));
        QVERIFY(m_form->open(file));
        QVERIFY(m_form->document() == before);
        QVERIFY(m_form->commandLine().contains(file));
    }

    void theJobOfARunStartsAnotherOne()
    {
        const std::filesystem::path run = home() / "runs" / "small";
        std::filesystem::create_directories(run);
        makeDemoJob();
        QVERIFY(waitForVerdict());
        // As the engine writes it: every key.
        jobs::Job job = m_form->verdict().resolved->job;
        write(run / "job.json", jobs::toJson(job).dump());
        write(run / "status.json", "{}");
        QVERIFY(m_form->open(QString::fromStdString(run.string())));
        QCOMPARE(m_form->text("name"), QStringLiteral("small-2"));
        QCOMPARE(m_form->text("dir"), QString());
        QCOMPARE(m_form->text("steps"), QStringLiteral("6"));
        m_form->setText("name", QStringLiteral("small"));
        QVERIFY(waitForVerdict());
        QVERIFY(m_form->problem("name").contains(QStringLiteral("small-2 is free")));
    }

    void theVerdictComesWithinATenthOfASecondAlsoForTheLargestModel()
    {
        m_form->startFromRecipe(QStringLiteral("gemma3_27b_lora"));
        QVERIFY(waitForVerdict());
        qint64 best = 1'000'000;
        for (int i = 0; i < 5; ++i) {  // the best of some: others use this machine
            QElapsedTimer timer;
            timer.start();
            m_form->setText("lora.rank", QString::number(8 + i));
            QVERIFY(waitForVerdict());
            best = qMin(best, timer.elapsed());
        }
        QVERIFY2(best < 100, qPrintable(QString::number(best)));
    }

    void whatDoesNotFitGetsEditsThatDo()
    {
        m_form->setGpus({{"cuda:0", "GPU", 24e9, false}});
        m_form->startFromRecipe(QStringLiteral("gemma3_4b_lora"));
        m_form->apply({{"batch.micro", 16}, {"sequence_length", 4096}});
        QVERIFY(waitForVerdict());
        const JobVerdict verdict = m_form->verdict();
        QVERIFY(verdict.estimate && !verdict.estimate->fits);
        QVERIFY(!verdict.edits.empty() && verdict.edits.size() <= 3);
        QVERIFY(verdict.edits.front().fits);
        m_form->apply(verdict.edits.front().changes);
        QVERIFY(waitForVerdict());
        QVERIFY(m_form->verdict().estimate->fits);
        QCOMPARE(m_form->verdict().estimate->memory.total(), verdict.edits.front().bytes);
    }

    void patternsOfASelectionMatchExactlyIt_data()
    {
        QTest::addColumn<QString>("model");
        QTest::newRow("vision") << "google/gemma-3-4b-it";
        QTest::newRow("text") << "google/gemma-3-1b-it";
    }
    void patternsOfASelectionMatchExactlyIt()
    {
        QFETCH(const QString, model);
        const std::vector<jobs::LinearModule> modules =
            jobs::linearModules(*jobs::publicShape(model.toStdString()));
        uint64_t state = 7;
        for (int round = 0; round < 12; ++round) {
            std::set<size_t> chosen;
            for (size_t i = 0; i < modules.size(); ++i) {
                state = state * 6364136223846793005ULL + 1442695040888963407ULL;
                const bool isWholeLayer = round % 3 == 0;
                if (isWholeLayer ? modules[i].layer % (2 + round) == 1 : (state >> 60) < 5)
                    chosen.insert(i);
            }
            const core::Result<jobs::TargetSelection> found =
                jobs::selectTargets(modules, {.names = patternsFor(modules, chosen)});
            QVERIFY2(static_cast<bool>(found), found ? "" : found.error().message.c_str());
            std::set<std::string> wanted;
            std::set<std::string> got;
            for (const size_t i : chosen)
                wanted.insert(modules[i].name);
            for (const jobs::LinearModule& module : found->modules)
                got.insert(module.name);
            QVERIFY(wanted == got);
        }
    }

    void boxesRanksAndFreezesOfTheTreeBecomeSettings()
    {
        m_form->startFromRecipe(QStringLiteral("gemma3_4b_lora"));
        QVERIFY(waitForVerdict());
        ModuleTree tree;
        QAbstractItemModelTester tester(&tree, QAbstractItemModelTester::FailureReportingMode::QtTest);
        connect(m_form.get(), &JobForm::judged, &tree, [&] { tree.show(*m_form->verdict().resolved); });
        connect(&tree, &ModuleTree::changesWanted, m_form.get(),
                [this](const jobs::Settings& changes) { m_form->apply(changes); });
        tree.show(*m_form->verdict().resolved);
        const auto find = [&](const QString& name, const QModelIndex& parent) {
            for (int row = 0; row < tree.rowCount(parent); ++row)
                if (tree.index(row, 0, parent).data().toString() == name)
                    return tree.index(row, 0, parent);
            return QModelIndex();
        };
        const QModelIndex model = tree.index(0, 0);
        const QModelIndex language = find(QStringLiteral("language_model"), model);
        const QModelIndex vision = find(QStringLiteral("vision_tower"), model);
        const auto box = [](const QModelIndex& index, int column) {
            return index.siblingAtColumn(column).data(Qt::CheckStateRole).toInt();
        };
        QCOMPARE(box(language, ModuleTree::Lora), int(Qt::Checked));
        QCOMPARE(box(vision, ModuleTree::Lora), int(Qt::Unchecked));
        QCOMPARE(box(vision, ModuleTree::Full), int(Qt::Checked));
        QCOMPARE(box(model, ModuleTree::Lora), int(Qt::PartiallyChecked));

        tree.toggle(vision, ModuleTree::Full);
        QVERIFY(waitForVerdict());
        QVERIFY(m_form->verdict().resolved->freeze.visionTower);
        QCOMPARE(vision.siblingAtColumn(ModuleTree::Trained).data().toString(), QStringLiteral("0"));

        const QModelIndex layer = tree.index(5, 0, find(QStringLiteral("each layer"), language));
        tree.toggle(layer, ModuleTree::Lora);
        QVERIFY(waitForVerdict());
        QCOMPARE(m_form->verdict().resolved->adapters.size(), size_t(7 * 33));
        QCOMPARE(box(language, ModuleTree::Lora), int(Qt::PartiallyChecked));

        const QModelIndex mlp =
            find(QStringLiteral("mlp"), tree.index(6, 0, find(QStringLiteral("each layer"), language)));
        QVERIFY(tree.setData(mlp.siblingAtColumn(ModuleTree::Rank), QStringLiteral("4"), Qt::EditRole));
        QVERIFY(waitForVerdict());
        QVERIFY2(m_form->verdict().isReady() || m_form->verdict().problems.size() == 0, "no problem");
        QCOMPARE(mlp.siblingAtColumn(ModuleTree::Rank).data().toString(), QStringLiteral("4"));
        QCOMPARE(language.siblingAtColumn(ModuleTree::Rank).data().toString(), QStringLiteral("mixed"));
        for (const jobs::Adapter& adapter : m_form->verdict().resolved->adapters)
            QCOMPARE(adapter.rank,
                     int64_t(adapter.module.layer == 6 && adapter.module.name.find("mlp") != std::string::npos
                                 ? 4
                                 : 32));
        QSignalSpy refused(&tree, &ModuleTree::refused);
        QVERIFY(!tree.setData(mlp.siblingAtColumn(ModuleTree::Rank), QStringLiteral("0"), Qt::EditRole));
        QCOMPARE(refused.count(), 1);
        m_form->startFromRecipe(QStringLiteral("gemma3_1b_lora"));  // another shape
        QVERIFY(waitForVerdict());
        QCOMPARE(tree.rowCount(tree.index(0, 0)), 2);
    }

    void changesAreATableForViews()
    {
        m_form->startFromRecipe(QStringLiteral("gemma3_4b_lora"));
        ChangesModel model(*m_form);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        m_form->apply({{"lora.rank", 8}, {"steps", 100}});
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.index(0, ChangesModel::Recipe).data().toString(), QStringLiteral("32"));
        m_form->setText("lora.rank", QStringLiteral("9"));
        QCOMPARE(model.index(0, ChangesModel::Here).data().toString(), QStringLiteral("9"));
        m_form->resetAll();
        QCOMPARE(model.rowCount(), 0);
    }

    void rowsAreCountedAndShownWithTheirMaskAndProblems()
    {
        const std::string path = write(
            home() / "rows.jsonl",
            R"({"messages":[{"role":"user","content":"one two"},{"role":"assistant","content":"three"}]})"
            "\n{\"messages\": 3}\n"
            R"({"messages":[{"role":"user","content":[{"type":"image","path":"no.png"},{"type":"text","text":"what"}]},{"role":"assistant","content":"that"}]})"
            "\n");
        makeDemoJob();
        m_form->set("data.sources", json::array({{{"path", path}}}));
        QVERIFY(waitForVerdict());
        const jobs::ResolvedJob& job = *m_form->verdict().resolved;
        DataPreview preview;
        QAbstractItemModelTester tester(&preview.problems(),
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        preview.setQuery({job.job.data.sources.front(), false, 256, 1, job.modelPath, job.config});
        QTRY_VERIFY_WITH_TIMEOUT(preview.counts().nextRow == 3, 20'000);
        QCOMPARE(preview.format(), QStringLiteral("chat"));
        QCOMPARE(preview.counts().good, 2);
        QCOMPARE(preview.counts().bad, 1);
        QCOMPARE(preview.counts().missingPictures, 1);
        QCOMPARE(preview.problems().rowCount(), 2);
        QVERIFY(preview.problems().index(0, 0).data().toString().startsWith(QStringLiteral("row 2: ")));
        QTRY_VERIFY(!preview.shownRow().tokens.isEmpty());
        QString inLoss;
        for (const ShownToken& token : preview.shownRow().tokens)
            if (token.mask == ShownToken::Mask::Loss)
                inLoss += token.text;
        QCOMPARE(inLoss, QStringLiteral("three<end_of_turn>"));
        QCOMPARE(roleOfField(preview.columns().front().field), std::string("conversation"));
        preview.goTo(1);
        QTRY_VERIFY(!preview.shownRow().problem.isEmpty());
        preview.goTo(2);
        QTRY_COMPARE(preview.shownRow().numPicture > 0, true);

        jobs::DataSource none;
        none.path = (home() / "none.jsonl").string();
        preview.setQuery({none, false, 256, 1, job.modelPath, job.config});
        QTRY_VERIFY(preview.problem().contains(QStringLiteral("none.jsonl")));
        QCOMPARE(preview.numRows(), 0);
    }

    void heldOutRowsAreCounted()
    {
        constexpr int kNumRows = 40;
        std::string rows;
        for (int row = 0; row < kNumRows; ++row)
            rows += "{\"text\":\"" + std::to_string(row) + "\"}\n";
        jobs::DataSource source;
        source.path = write(home() / "train.jsonl", rows);
        DataQuery query;
        query.source = source;
        query.all.sources = {source};
        query.all.validationFraction = 0.25;
        DataPreview preview;
        preview.setQuery(query);
        QTRY_VERIFY_WITH_TIMEOUT(preview.shares().has_value(), 20'000);
        const int64_t heldOut = preview.shares()->heldOut;
        QVERIFY(heldOut > 0 && heldOut < kNumRows / 2);
        QCOMPARE(preview.shares()->trained, kNumRows - heldOut);

        query.all.maxSamples = 5;
        preview.setQuery(query);
        QTRY_COMPARE(preview.shares()->trained, 5);
        QCOMPARE(preview.shares()->heldOut, heldOut);

        query.all.validationFraction = 0;
        query.all.validationSplit = "val";
        preview.setQuery(query);
        QTRY_VERIFY(preview.validationProblem().contains(QStringLiteral("has no split \"val\"")));
        write(home() / "val.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
        query.all.maxSamples = 0;
        preview.setQuery(query);
        QTRY_VERIFY(preview.shares() && preview.shares()->heldOut == 2);
        QCOMPARE(preview.shares()->trained, kNumRows);
        QVERIFY(preview.validationProblem().isEmpty());
    }
};

QTEST_MAIN(JobFormTest)
#include "job_form_test.moc"
