#include "ui/engine/engine_client.h"
#include "tests/support/check.h"
#include "tests/support/fake_engine.h"

#include <QSignalSpy>
#include <QTest>

#include <signal.h>

#include <optional>

using namespace facet::ui;
using facet::core::Result;

/// What a request gave, once it came.
template <typename T>
struct Answer {
    std::optional<Result<T>> result;

    Done<T> take()
    {
        return [this](Result<T> value) { result = std::move(value); };
    }
    QString error() const
    {
        return result && !*result ? QString::fromStdString(result->error().message) : QString();
    }
};

class EngineClientTest : public QObject {
    Q_OBJECT

    static void load(EngineClient& client, const QString& name)
    {
        Answer<QString> loaded;
        client.load({.model = name}, &client, loaded.take());
        QTRY_VERIFY(loaded.result);
        bool isReady = false;
        for (int look = 0; look < 6 && !isReady; ++look) {
            Answer<QList<EngineModel>> models;
            client.listModels(&client, models.take());
            QTRY_VERIFY(models.result);
            isReady = (**models.result).first().state == EngineModel::State::Ready;
        }
        QVERIFY(isReady);
    }

    static AnswerRequest ask(const QString& text)
    {
        AnswerRequest request;
        request.model = QStringLiteral("tiny");
        request.turns = {{QStringLiteral("user"), text, {}}};
        return request;
    }

private Q_SLOTS:
    void aRequestStartsTheEngine()
    {
        FakeEngine engine;
        EngineClient client;
        client.useProcess(engine);
        Answer<QList<EngineDevice>> devices;
        client.listDevices(this, devices.take());
        QVERIFY(!devices.result);
        QTRY_VERIFY(devices.result);
        QVERIFY2(*devices.result, reason(*devices.result));
        QCOMPARE((**devices.result).first().name, QStringLiteral("CPU"));
        QCOMPARE(client.state(), EngineClient::State::Ready);
    }

    void anAddressWorksAsWell()
    {
        FakeEngine engine;
        engine.start();
        QTRY_COMPARE(engine.state(), EngineProcess::State::Running);
        EngineClient client;
        client.useAddress(engine.address());
        Answer<EngineQueue> queue;
        client.queryQueue(this, queue.take());
        QTRY_VERIFY(queue.result);
        QCOMPARE((**queue.result).slotCount, 4);
        client.useAddress({engine.address().url, "wrong"});
        Answer<EngineQueue> refused;
        client.queryQueue(this, refused.take());
        QTRY_COMPARE(refused.error(), QStringLiteral("The token is wrong."));
    }

    void anotherApiIsRefusedInWords()
    {
        FakeEngine engine(QStringLiteral("other-api"));
        EngineClient client;
        client.useProcess(engine);
        Answer<EngineQueue> queue;
        client.queryQueue(this, queue.take());
        QTRY_VERIFY(queue.result);
        QVERIFY2(queue.error().contains(QStringLiteral("speaks API 2; this window speaks API 1")),
                 qPrintable(queue.error()));
        QCOMPARE(client.state(), EngineClient::State::Refused);
    }

    void anEngineThatCannotStartEndsEveryRequestOnce()
    {
        FakeEngine engine(QStringLiteral("dead"));
        EngineClient client;
        client.useProcess(engine);
        Answer<EngineQueue> first;
        client.queryQueue(this, first.take());
        AnswerStream* stream = client.answer(ask(QStringLiteral("hi")), this);
        QSignalSpy failed(stream, &AnswerStream::failed);
        QTRY_COMPARE(failed.size(), 1);
        QTRY_COMPARE(first.error(), QStringLiteral("The engine ended with exit code 3."));
    }

    void aRequestOfAContextThatIsGoneIsForgotten()
    {
        FakeEngine engine;
        EngineClient client;
        client.useProcess(engine);
        bool wasCalled = false;
        auto context = std::make_unique<QObject>();
        client.queryQueue(context.get(), [&](const Result<EngineQueue>&) { wasCalled = true; });
        context.reset();
        Answer<EngineQueue> later;
        client.queryQueue(this, later.take());
        QTRY_VERIFY(later.result);
        QVERIFY(!wasCalled);
    }

    void anAnswerStreamsWithItsFigures()
    {
        FakeEngine engine;
        EngineClient client;
        client.useProcess(engine);
        load(client, QStringLiteral("tiny"));
        AnswerStream* stream = client.answer(ask(QStringLiteral("count 20")), this);
        QString text;
        connect(stream, &AnswerStream::delta, this, [&](const QString& delta) { text += delta; });
        std::optional<AnswerEnd> end;
        connect(stream, &AnswerStream::finished, this, [&](const AnswerEnd& value) { end = value; });
        QTRY_VERIFY(end);
        QVERIFY(text.startsWith(QStringLiteral("w0 w1 ")) && text.endsWith(QStringLiteral("w19 ")));
        QCOMPARE(end->finishReason, QStringLiteral("stop"));
        QCOMPARE(end->completionTokens, 20);
        QCOMPARE(end->cachedTokens, 3);
        QCOMPARE(end->decodeTokensPerSecond, 96.4);
        QCOMPARE(end->timeToFirstTokenSeconds, 0.212);
    }

    void cancellingClosesTheConnection()
    {
        FakeEngine engine;
        EngineClient client;
        client.useProcess(engine);
        load(client, QStringLiteral("tiny"));
        AnswerStream* stream = client.answer(ask(QStringLiteral("count 100000")), this);
        QSignalSpy deltas(stream, &AnswerStream::delta);
        QTRY_VERIFY(deltas.size() > 3);
        stream->cancel();
        QTRY_VERIFY(engine.log().contains(QStringLiteral("fake engine: cancelled")));
    }

    void aRefusalIsTheEnginesOwnSentence()
    {
        FakeEngine engine;
        EngineClient client;
        client.useProcess(engine);
        load(client, QStringLiteral("tiny"));
        QString refused;
        connect(client.answer(ask(QStringLiteral("refuse")), this), &AnswerStream::failed, this,
                [&](const QString& sentence) { refused = sentence; });
        QTRY_COMPARE(refused, QStringLiteral("The prompt has 9000 tokens, the context 8192: shorten it."));
        QString broken;
        connect(client.answer(ask(QStringLiteral("break 3")), this), &AnswerStream::failed, this,
                [&](const QString& sentence) { broken = sentence; });
        QTRY_COMPARE(broken, QStringLiteral("The GPU ran out of memory."));
    }

    void aDeathInMidAnswerIsSaidAndTheNextQuestionStartsAnother()
    {
        FakeEngine engine;
        EngineClient client;
        client.useProcess(engine);
        load(client, QStringLiteral("tiny"));
        AnswerStream* stream = client.answer(ask(QStringLiteral("die 5")), this);
        QString text;
        QString sentence;
        connect(stream, &AnswerStream::delta, this, [&](const QString& delta) { text += delta; });
        connect(stream, &AnswerStream::failed, this, [&](const QString& why) { sentence = why; });
        QTRY_COMPARE(sentence, QStringLiteral("The engine was ended by signal 9."));
        QCOMPARE(text, QStringLiteral("w0 w1 w2 w3 w4 "));
        Answer<EngineQueue> queue;
        client.queryQueue(this, queue.take());
        QTRY_VERIFY(queue.result);
        QVERIFY2(*queue.result, reason(*queue.result));
    }

    void picturesAreCounted()
    {
        FakeEngine engine;
        EngineClient client;
        client.useProcess(engine);
        AnswerRequest request = ask(QStringLiteral("what is this"));
        request.turns.first().pictures = {QStringLiteral("/tmp/a picture.png")};
        Answer<TokenCount> count;
        client.tokenize(request, this, count.take());
        QTRY_VERIFY(count.result);
        QVERIFY2(*count.result, reason(*count.result));
        QCOMPARE((**count.result).tokens, 259);
        QCOMPARE((**count.result).imageTokens, 256);
    }
};

QTEST_GUILESS_MAIN(EngineClientTest)
#include "engine_client_test.moc"
