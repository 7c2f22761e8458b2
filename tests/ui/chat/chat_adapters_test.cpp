// Adapters in Chat and answers side by side, without widgets, with an engine that says what it was asked for.

#include "tests/ui/chat/chat_fixture.h"

#include <QAbstractItemModelTester>
#include <QFile>
#include <QSignalSpy>
#include <QTest>

#include <signal.h>

using namespace facet::ui;
using facet::core::MessageState;
using facet::core::UsedAdapter;

class ChatAdaptersTest : public QObject {
    Q_OBJECT

    static const AdapterOffer* offer(ChatFixture& chat, const QString& name)
    {
        for (const AdapterOffer& offer : chat.viewModel->adapterOffers().offers())
            if (offer.name == name)
                return &offer;
        return nullptr;
    }

    static void compare(ChatFixture& chat, const QString& text)
    {
        const AnswerPair before = chat.viewModel->pair();
        chat.viewModel->setComparing(true);
        chat.viewModel->send(text);
        QTRY_VERIFY(chat.viewModel->pair() != before);
        QTRY_VERIFY_WITH_TIMEOUT(!chat.viewModel->isAnswering(), 20'000);
    }

    static Turn answer(ChatFixture& chat, size_t side)
    {
        return chat.viewModel->turn(chat.viewModel->pair().answers[side]).value_or(Turn());
    }

private Q_SLOTS:
    void checkpointsOfRunsAreOfferedAndOthersSayWhyNot()
    {
        ChatFixture chat;
        QAbstractItemModelTester tester(&chat.viewModel->adapterOffers());
        chat.makeAdapter(QStringLiteral("receipts"), 100, "/none");
        chat.makeAdapter(QStringLiteral("receipts"), 200, "/none");
        chat.makeAdapter(QStringLiteral("signs"), 50, "/elsewhere/gemma-3-1b-it");
        const QString full = chat.makeAdapter(QStringLiteral("whole"), 10);
        QVERIFY(QFile::remove(full + QStringLiteral("/adapter_config.json")));
        chat.runs.look();
        QTRY_COMPARE(chat.viewModel->adapterOffers().rowCount(), 4);
        QTRY_VERIFY(offer(chat, QStringLiteral("receipts, step 200")));
        QCOMPARE(offer(chat, QStringLiteral("receipts, step 200"))->problem, QString());
        QVERIFY(
            offer(chat, QStringLiteral("receipts, step 200"))->detail.startsWith(QStringLiteral("newest")));
        QCOMPARE(offer(chat, QStringLiteral("receipts, step 100"))->problem, QString());
        QCOMPARE(offer(chat, QStringLiteral("signs, step 50"))->problem,
                 QStringLiteral("Trained on gemma-3-1b-it, not on tiny"));
        QVERIFY(offer(chat, QStringLiteral("whole, step 10"))->isModel);
        QVERIFY(!offer(chat, QStringLiteral("whole, step 10"))->problem.isEmpty());
        AdapterList& list = chat.viewModel->adapterOffers();
        for (int row = 0; row < list.rowCount(); ++row)
            QCOMPARE(bool(list.index(row).flags() & Qt::ItemIsEnabled),
                     list.index(row).data(AdapterList::ProblemRole).toString().isEmpty());

        // A run that goes on saves again.
        chat.makeAdapter(QStringLiteral("receipts"), 300, "/none");
        QTRY_COMPARE(list.rowCount(), 5);
        QTRY_VERIFY(offer(chat, QStringLiteral("receipts, step 300")));
    }

    void aChosenFolderIsOfferedAndOneWithoutAnAdapterIsRefusedInWords()
    {
        ChatFixture chat;
        AdapterList& list = chat.viewModel->adapterOffers();
        QSignalSpy refused(&list, &AdapterList::refused), added(&list, &AdapterList::folderAdded);
        list.addFolder(chat.home.path());
        QTRY_COMPARE(refused.size(), 1);
        QVERIFY(refused[0][0].toString().contains(chat.home.path() +
                                                  QStringLiteral(" has no adapter_config.json")));
        const QString folder = chat.makeAdapter(QStringLiteral("elsewhere"), 7, "other/base");
        QVERIFY(QFile::rename(chat.home.filePath(QStringLiteral("runs/elsewhere")),
                              chat.home.filePath(QStringLiteral("mine"))));
        list.addFolder(chat.home.filePath(QStringLiteral("mine/checkpoints/step-00000007/")));
        QTRY_COMPARE(added.size(), 1);
        QTRY_VERIFY(offer(chat, QStringLiteral("step-00000007")));
        QCOMPARE(offer(chat, QStringLiteral("step-00000007"))->problem, QString());
        QVERIFY(
            offer(chat, QStringLiteral("step-00000007"))->detail.contains(QStringLiteral("trained on base")));
        // A run's folder means its newest checkpoint.
        list.addFolder(chat.home.filePath(QStringLiteral("mine")));
        QTRY_COMPARE(added.size(), 2);
        QCOMPARE(added[1][1].toString(), QStringLiteral("mine, step 7"));
        Q_UNUSED(folder);
    }

    void severalAdaptersAnswerWithTheirScalesAndAreStoredWithTheTurn()
    {
        ChatFixture chat;
        const QString first = chat.makeAdapter(QStringLiteral("receipts"), 100);
        const QString second = chat.makeAdapter(QStringLiteral("style"), 3);
        chat.viewModel->addAdapter(first, QStringLiteral("receipts, step 100"));
        chat.viewModel->addAdapter(second, QStringLiteral("style, step 3"));
        chat.viewModel->addAdapter(second, QStringLiteral("style, step 3"));
        std::vector<UsedAdapter> adapters = chat.viewModel->settings().adapters;
        QCOMPARE(adapters.size(), size_t(2));
        adapters[1].scale = -0.5;
        chat.viewModel->setAdapters(adapters);
        chat.ask(QStringLiteral("hello"));
        QCOMPARE(chat.turn(1).error, QString());
        QCOMPARE(chat.turn(1).text, QStringLiteral("hello step-00000100*1 step-00000003*-0.5"));
        QVERIFY(chat.turn(1).adapters == adapters);
        chat.viewModel->setAdapters({});
        chat.ask(QStringLiteral("again"));
        QCOMPARE(chat.turn(3).text, QStringLiteral("again"));
        QVERIFY(chat.turn(3).adapters.empty());
        chat.viewModel->setAdapters(adapters);

        chat.open();
        QTRY_COMPARE(chat.numTurns(), 4);
        QVERIFY(chat.turn(1).adapters == adapters);
        QVERIFY(chat.viewModel->settings().adapters == adapters);
    }

    void aFolderThatIsWrittenAnewIsReadAnewAndAnEngineThatDiedGetsItAgain()
    {
        ChatFixture chat;
        const QString path = chat.makeAdapter(QStringLiteral("receipts"), 100);
        chat.viewModel->addAdapter(path, QStringLiteral("receipts, step 100"));
        const auto numLoads = [&] {
            return chat.engine.log().filter(QStringLiteral("adapters/load")).size();
        };
        chat.ask(QStringLiteral("one"));
        chat.ask(QStringLiteral("two"));
        QTRY_COMPARE(numLoads(), 1);
        ChatFixture::write(path + QStringLiteral("/adapter_model.safetensors"), "other weights");
        chat.ask(QStringLiteral("three"));
        QTRY_COMPARE(numLoads(), 2);
        QCOMPARE(chat.turn(5).text, QStringLiteral("three step-00000100*1"));
        kill(static_cast<pid_t>(chat.engine.processId()), SIGKILL);
        QTRY_COMPARE(chat.engine.state(), EngineProcess::State::Stopped);
        chat.ask(QStringLiteral("four"));
        QCOMPARE(chat.turn(7).text, QStringLiteral("four step-00000100*1"));
    }

    void whatTheEngineSaysOfAnAdapterIsTheAnswersProblem()
    {
        ChatFixture chat;
        chat.viewModel->addAdapter(chat.makeAdapter(QStringLiteral("unfit"), 1),
                                   QStringLiteral("unfit, step 1"));
        chat.ask(QStringLiteral("hello"));
        QCOMPARE(chat.turn(1).state, MessageState::Failed);
        QVERIFY2(chat.turn(1).error.contains(QStringLiteral("another shape")),
                 qPrintable(chat.turn(1).error));
    }

    void bothSidesGetOnePromptAndOneSeed()
    {
        ChatFixture chat;
        chat.viewModel->addAdapter(chat.makeAdapter(QStringLiteral("receipts"), 100),
                                   QStringLiteral("receipts"));
        compare(chat, QStringLiteral("hello"));
        QCOMPARE(answer(chat, 0).text, QStringLiteral("hello"));
        QCOMPARE(answer(chat, 1).text, QStringLiteral("hello step-00000100*1"));
        const std::optional<int64_t> seed = answer(chat, 0).sampling->seed;
        QVERIFY(seed.has_value());
        QCOMPARE(answer(chat, 1).sampling->seed, seed);
        // Drawn for these two; the conversation goes on to draw another each time.
        QVERIFY(!chat.viewModel->settings().sampling.seed.has_value());
        QVERIFY(answer(chat, 0).stats->decodeTokensPerSecond > 0 &&
                answer(chat, 1).stats->decodeTokensPerSecond > 0);

        QCOMPARE(chat.viewModel->keptSide(), 0);
        chat.viewModel->keep(1);
        QCOMPARE(chat.viewModel->keptSide(), 1);
        QCOMPARE(chat.turn(1).text, QStringLiteral("hello step-00000100*1"));
        QCOMPARE(chat.turn(1).version, 2);
        const qint64 kept = chat.turn(1).id;

        facet::core::Sampling sampling;
        sampling.seed = 7;
        chat.viewModel->setSampling(sampling);
        compare(chat, QStringLiteral("more"));
        QCOMPARE(chat.numTurns(), 4);
        QCOMPARE(chat.turn(1).id, kept);
        QCOMPARE(answer(chat, 0).sampling->seed, std::optional<int64_t>(7));

        // The pair is there after the program starts anew; another answer alone is no pair.
        chat.open();
        QTRY_COMPARE(chat.numTurns(), 4);
        QCOMPARE(answer(chat, 1).text, QStringLiteral("more step-00000100*1"));
        chat.viewModel->setComparing(false);
        chat.viewModel->regenerate(chat.turn(3).id);
        QTRY_COMPARE(chat.turn(3).numVersions, 3);
        QTRY_VERIFY(!chat.viewModel->isAnswering());
        QCOMPARE(chat.viewModel->pair().question, 0);
    }

    void bothSidesAreWrittenAtOnceAndStopTogether()
    {
        ChatFixture chat;
        chat.ask(QStringLiteral("warm up"));
        chat.viewModel->setComparing(true);
        chat.viewModel->send(QStringLiteral("count 100000"));
        QTRY_VERIFY(!answer(chat, 0).text.isEmpty() && !answer(chat, 1).text.isEmpty());
        for (size_t side = 0; side < 2; ++side)
            QCOMPARE(chat.viewModel->activity(chat.viewModel->pair().answers[side]),
                     QStringLiteral("Writing"));
        chat.viewModel->stop();
        QTRY_VERIFY(!chat.viewModel->isAnswering());
        QCOMPARE(answer(chat, 0).state, MessageState::Stopped);
        QCOMPARE(answer(chat, 1).state, MessageState::Stopped);
    }

    void aSideMayBeAnotherModelOrOneOfTheAdapters()
    {
        ChatFixture chat;
        const QString adapter = chat.makeAdapter(QStringLiteral("receipts"), 100);
        chat.viewModel->addAdapter(adapter, QStringLiteral("receipts"));
        chat.viewModel->setSide(0, {QStringLiteral("/runs/whole/checkpoints/step-00000010"), {}});
        chat.viewModel->setSide(1, {QStringLiteral("tiny"), {{adapter.toStdString(), "receipts", 1}}});
        std::vector<UsedAdapter> adapters = chat.viewModel->settings().adapters;
        adapters[0].scale = 0.25;
        chat.viewModel->setAdapters(adapters);
        compare(chat, QStringLiteral("hi"));
        QCOMPARE(answer(chat, 0).error, QString());
        QCOMPARE(shownName(answer(chat, 0).model), QStringLiteral("whole, step 10"));
        QCOMPARE(answer(chat, 0).text, QStringLiteral("hi"));
        QCOMPARE(answer(chat, 1).text, QStringLiteral("hi step-00000100*0.25"));
    }
};

QTEST_MAIN(ChatAdaptersTest)
#include "chat_adapters_test.moc"
