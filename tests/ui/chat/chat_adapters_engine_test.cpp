// What was trained, in Chat with the real engine: a small LoRA is trained as a user trains one, picked by the
// keyboard, and answers as facet-engine itself does; A/B gives what the engine gives for each side.

#include "ui/chat/chat_page.h"
#include "ui/chat/chat_view_model.h"
#include "ui/chat/composer.h"
#include "ui/chat/word_diff.h"
#include "ui/theme/theme.h"

#include <nlohmann/json.hpp>

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QDir>
#include <QDoubleSpinBox>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QProcess>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include <array>
#include <filesystem>
#include <memory>

using namespace facet::ui;
using facet::core::MessageState;

namespace {

const QString kPrompt = QStringLiteral("What is 3 and 1?");
const QString kRow = QStringLiteral(
    "{\"messages\": [{\"role\": \"user\", \"content\": \"What is %1 and 1?\"}, "
    "{\"role\": \"assistant\", \"content\": \"It is %2.\"}]}");

}  // namespace

class ChatAdaptersEngineTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_home;
    QString m_program;
    std::unique_ptr<EngineProcess> m_engine;
    std::unique_ptr<EngineClient> m_client;
    std::unique_ptr<LoadedModels> m_loaded;
    std::unique_ptr<RunList> m_runs;
    std::unique_ptr<ConversationService> m_service;
    std::unique_ptr<ChatViewModel> m_chat;
    std::unique_ptr<ChatPage> m_page;

    QString checkpoint() const
    {
        return m_home.filePath(QStringLiteral("runs/sums/checkpoints/step-00000012"));
    }

    QByteArray run(const QStringList& arguments) const
    {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("FACET_HOME"), m_home.path());
        process.setProcessEnvironment(environment);
        process.start(m_program, arguments);
        if (!process.waitForFinished(120'000) || process.exitCode() != 0)
            qFatal("%s", process.readAllStandardError().constData());
        return process.readAllStandardOutput();
    }

    /// What facet-engine answers by itself, with the settings that the page has.
    QString generated(const QString& prompt, const facet::core::Sampling& sampling,
                      const QString& adapter) const
    {
        QStringList arguments = {QStringLiteral("generate"),
                                 QStringLiteral("-m"),
                                 QStringLiteral("demo"),
                                 QStringLiteral("--device"),
                                 QStringLiteral("cpu"),
                                 QStringLiteral("-p"),
                                 prompt,
                                 QStringLiteral("--json"),
                                 QStringLiteral("--max-tokens"),
                                 QString::number(sampling.maxTokens),
                                 QStringLiteral("--temperature"),
                                 QString::number(sampling.temperature),
                                 QStringLiteral("--top-k"),
                                 QString::number(sampling.topK),
                                 QStringLiteral("--top-p"),
                                 QString::number(sampling.topP),
                                 QStringLiteral("--seed"),
                                 QString::number(sampling.seed.value_or(0))};
        if (!adapter.isEmpty())
            arguments << QStringLiteral("--adapter") << adapter;
        const QByteArray line = run(arguments).trimmed().split('\n').last();
        return QString::fromStdString(nlohmann::json::parse(line.toStdString())["text"].get<std::string>());
    }

    template <typename T>
    T* find(const char* name) const
    {
        return m_page->findChild<T*>(QLatin1String(name));
    }

    Turn answer(size_t side) const { return m_chat->turn(m_chat->pair().answers[side]).value_or(Turn()); }

    void save(const QString& name)
    {
        QDir().mkpath(QStringLiteral(SCREENSHOTS));
        for (const bool isDark : {false, true}) {
            Theme::setScheme(isDark ? Theme::Scheme::Dark : Theme::Scheme::Light);
            QTest::qWait(50);
            QVERIFY(m_page->grab().save(
                QStringLiteral(SCREENSHOTS "/%1-%2.png")
                    .arg(name, isDark ? QStringLiteral("dark") : QStringLiteral("light"))));
        }
        Theme::setScheme(Theme::Scheme::Light);
    }

    /// No window manager gives the page back what a dialog took.
    void activate()
    {
        QTRY_VERIFY(!find<QDialog>("adapterPicker"));
        m_page->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        find<ComposerText>("chatComposer")->setFocus();
    }

    void type(const QString& text)
    {
        auto* composer = find<ComposerText>("chatComposer");
        composer->setFocus();
        QTest::keyClicks(composer, text);
        QTest::keyClick(composer, Qt::Key_Return);
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_program = qEnvironmentVariable("FACET_TEST_ENGINE", QStringLiteral(FACET_ENGINE_PROGRAM));
        if (!QFile::exists(m_program))
            QSKIP("there is no facet-engine: build it, or name one by FACET_TEST_ENGINE");
        Theme::install(*qApp, Theme::Scheme::Light);
        const auto write = [this](const QString& name, const QByteArray& bytes) {
            QFile file(m_home.filePath(name));
            QVERIFY(file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size());
        };
        QByteArray rows;
        for (int i = 0; i < 8; ++i)
            rows += kRow.arg(i).arg(i + 1).toUtf8() + '\n';
        write(QStringLiteral("rows.jsonl"), rows);
        write(QStringLiteral("job.json"),
              R"({"facet_job": 1, "name": "sums", "model": "demo", "method": "lora",
            "lora": {"rank": 8}, "data": {"sources": [{"path": "rows.jsonl"}]}, "sequence_length": 64,
            "batch": {"global": 4, "micro": 4}, "steps": 12, "schedule": {"warmup_steps": 1},
            "precision": "fp32", "optimizer": {"lr": 0.02}, "saving": {"every_steps": 6}})");
        run({QStringLiteral("train"), m_home.filePath(QStringLiteral("job.json")), QStringLiteral("--device"),
             QStringLiteral("cpu")});
        QVERIFY(QFile::exists(checkpoint() + QStringLiteral("/adapter_model.safetensors")));

        m_engine = std::make_unique<EngineProcess>(m_program);
        m_engine->setVariable(QStringLiteral("FACET_HOME"), m_home.path());
        m_client = std::make_unique<EngineClient>();
        m_client->useProcess(*m_engine);
        m_loaded = std::make_unique<LoadedModels>(*m_client);
        m_loaded->setDevice(QStringLiteral("cpu"));
        const std::filesystem::path folder = m_home.path().toStdString();
        m_runs = std::make_unique<RunList>(std::vector{folder / "runs"});
        m_service = std::make_unique<ConversationService>(folder);
        m_chat = std::make_unique<ChatViewModel>(
            *m_service, *m_loaded, *m_runs, facet::core::Library(folder),
            std::vector<facet::core::BuiltInModel>{{"demo", SOURCE_DIR "/resources/demo-model"}});
        m_page = std::make_unique<ChatPage>(*m_chat);
        m_page->resize(1368, 872);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
        m_chat->start();
        QTRY_COMPARE(m_chat->model(), QStringLiteral("demo"));
        facet::core::Sampling sampling;
        sampling.seed = 7;
        sampling.maxTokens = 40;
        m_chat->setSampling(sampling);
    }

    void cleanupTestCase()
    {
        m_page.reset();
        m_chat.reset();
    }

    void anAdapterIsPickedByKeysWithAScaleAndAnswersAsTheEngineDoes()
    {
        QAbstractItemModelTester tester(&m_chat->adapterOffers());
        auto* add = find<QPushButton>("chatAddAdapter");
        add->setFocus();
        QTest::keyClick(add, Qt::Key_Space);
        QTRY_VERIFY(find<QDialog>("adapterPicker"));
        auto* picker = find<QDialog>("adapterPicker");
        auto* search = picker->findChild<QLineEdit*>(QStringLiteral("adapterSearch"));
        QTRY_VERIFY(search->hasFocus());
        auto* offers = picker->findChild<QListView*>(QStringLiteral("adapterOffers"));
        new QAbstractItemModelTester(offers->model(), picker);
        QTest::keyClicks(search, QStringLiteral("step 12"));
        QTRY_VERIFY(picker->findChild<QPushButton*>(QStringLiteral("adapterUse"))->isEnabled());
        QTest::keyClick(search, Qt::Key_Return);
        QTRY_COMPARE(m_chat->settings().adapters.size(), size_t(1));
        QCOMPARE(m_chat->settings().adapters[0].path, checkpoint().toStdString());
        QTRY_VERIFY(find<QLabel>("chatAdapters")->isVisible());
        activate();
        auto* scale = find<QDoubleSpinBox>("adapterScale0");
        scale->setFocus();
        scale->selectAll();
        QTest::keyClicks(scale, QStringLiteral("0.5"));
        QCOMPARE(m_chat->settings().adapters[0].scale, 0.5);

        type(kPrompt);
        QTRY_VERIFY(m_chat->thread().rowCount() == 2);
        QTRY_VERIFY_WITH_TIMEOUT(!m_chat->isAnswering(), 60'000);
        const Turn turn = m_chat->thread().turn(1);
        QVERIFY2(turn.state == MessageState::Complete, qPrintable(turn.error));
        QCOMPARE(turn.text,
                 generated(kPrompt, m_chat->settings().sampling, checkpoint() + QStringLiteral(":0.5")));
        QVERIFY(find<QLabel>("turnFigures"));
        QTRY_VERIFY([&] {
            for (const QLabel* figures : m_page->findChildren<QLabel*>(QStringLiteral("turnFigures")))
                if (figures->text().contains(QStringLiteral("sums, step 12 × 0.5")))
                    return true;
            return false;
        }());
        save(QStringLiteral("chat-adapter"));
    }

    void twoSidesWithOneSeedAreWhatTheEngineGivesForEach()
    {
        activate();
        m_chat->newConversation();
        std::vector<facet::core::UsedAdapter> adapters = m_chat->settings().adapters;
        adapters[0].scale = 1;
        m_chat->setAdapters(adapters);
        QTest::keyClick(find<ComposerText>("chatComposer"), Qt::Key_B,
                        Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(m_chat->isComparing());
        QVERIFY(find<QWidget>("chatComparison")->isVisible());
        type(kPrompt);
        QTRY_VERIFY(m_chat->pair().question != 0);
        QTRY_VERIFY_WITH_TIMEOUT(!m_chat->isAnswering(), 60'000);
        for (size_t side = 0; side < 2; ++side)
            QVERIFY2(answer(side).state == MessageState::Complete, qPrintable(answer(side).error));
        const facet::core::Sampling& sampling = m_chat->settings().sampling;
        QCOMPARE(answer(0).text, generated(kPrompt, sampling, {}));
        QCOMPARE(answer(1).text, generated(kPrompt, sampling, checkpoint()));
        QVERIFY(answer(0).text != answer(1).text);
        QTRY_VERIFY2(find<QLabel>("sideFiguresB")->text().contains(QStringLiteral("first after")),
                     qPrintable(find<QLabel>("sideFiguresB")->text()));
        QVERIFY(find<QLabel>("comparisonSettings")->text().contains(QStringLiteral("seed 7")));
        save(QStringLiteral("chat-ab"));
        m_page->resize(720, 700);
        save(QStringLiteral("chat-ab-narrow"));
        m_page->resize(1368, 872);

        auto* mark = find<QCheckBox>("comparisonMark");
        auto* difference = find<QLabel>("comparisonDifference");
        QTRY_VERIFY(mark->isEnabled());
        QVERIFY(!difference->isVisible());
        mark->setFocus();
        QTest::keyClick(mark, Qt::Key_Space);
        QTRY_VERIFY(difference->isVisible());
        const WordDiff diff = diffWords(answer(0).text, answer(1).text);
        QVERIFY(diff.numLeft + diff.numRight > 0);
        QCOMPARE(difference->text(),
                 QStringLiteral("What differs is marked: %1 words and signs in A, %2 in B.")
                     .arg(diff.numLeft)
                     .arg(diff.numRight));
        save(QStringLiteral("chat-ab-marked"));

        auto* keep = find<QPushButton>("sideKeepB");
        keep->setFocus();
        QTest::keyClick(keep, Qt::Key_Space);
        QCOMPARE(m_chat->keptSide(), 1);
        QTest::keyClick(find<ComposerText>("chatComposer"), Qt::Key_B,
                        Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(m_chat->thread().turn(1).text, answer(1).text);
    }

    void checkpointsOfOneNameAreTwoModels()
    {
        std::array<std::string, 2> folders;
        for (size_t side = 0; side < 2; ++side) {
            folders[side] =
                m_home.filePath(side == 0 ? QStringLiteral("left") : QStringLiteral("right")).toStdString() +
                "/checkpoints/step-00000100";
            std::filesystem::create_directories(folders[side]);
            std::filesystem::copy(SOURCE_DIR "/resources/demo-model", folders[side]);
        }
        m_chat->newConversation();
        m_chat->setComparing(true);
        for (int side = 0; side < 2; ++side)
            m_chat->setSide(side, {QString::fromStdString(folders[static_cast<size_t>(side)]), {}});
        type(kPrompt);
        QTRY_VERIFY(m_chat->pair().question != 0);
        QTRY_VERIFY_WITH_TIMEOUT(!m_chat->isAnswering(), 60'000);
        for (size_t side = 0; side < 2; ++side) {
            QVERIFY2(answer(side).state == MessageState::Complete, qPrintable(answer(side).error));
            const EngineModel* model = m_loaded->find(QString::fromStdString(folders[side]));
            QVERIFY(model);
            QCOMPARE(model->id,
                     side == 0 ? QStringLiteral("left-step-100") : QStringLiteral("right-step-100"));
        }
        QCOMPARE(answer(0).text, answer(1).text);
        // The switch is still on, and there is nothing to mark.
        QTRY_COMPARE(find<QLabel>("comparisonDifference")->text(),
                     QStringLiteral("Both answers have the same words."));
        for (const std::string& folder : folders)
            m_loaded->unload(m_loaded->find(QString::fromStdString(folder))->id);
        m_chat->newConversation();
        m_chat->setComparing(false);
    }

    void aSideIsChosenByKeysFromItsMenu()
    {
        m_chat->setComparing(true);
        auto* choose = find<QToolButton>("sideChooseA");
        auto* menu = choose->menu();
        Q_EMIT menu->aboutToShow();
        QStringList names;
        for (const QAction* action : menu->actions())
            names << action->objectName();
        QCOMPARE(names, (QStringList{QStringLiteral("sideBase"), QStringLiteral("sideAdapter"), QString(),
                                     QStringLiteral("sideOther")}));
        menu->actions()[3]->trigger();
        QTRY_VERIFY(find<QDialog>("adapterPicker"));
        auto* list = find<QDialog>("adapterPicker")->findChild<QListView*>(QStringLiteral("adapterOffers"));
        list->setFocus();
        QTest::keyClick(list, Qt::Key_Down);
        QTest::keyClick(list, Qt::Key_Return);
        QTRY_COMPARE(m_chat->side(0).adapters.size(), size_t(1));
        QCOMPARE(QString::fromStdString(m_chat->side(0).adapters[0].name), QStringLiteral("sums, step 6"));
        m_chat->newConversation();
        m_chat->setComparing(false);
    }
};

QTEST_MAIN(ChatAdaptersEngineTest)
#include "chat_adapters_engine_test.moc"
