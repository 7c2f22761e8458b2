// The hub's ways to say no, each with its own sentence and the page to open. The statuses and codes are those
// that huggingface_hub tells apart (utils/_http.py).

#include "tests/core/hub/hub_case.h"

using namespace facet::core;

class HubRefusalTest : public QObject {
    Q_OBJECT

    HubCase m_case;

private Q_SLOTS:
    void initTestCase()
    {
        if (!m_case.isReady)
            QSKIP("the test's hub did not start: python3 is missing");
    }

    void init() { m_case.begin(); }

    void eachKindHasItsSentence_data()
    {
        QTest::addColumn<std::string>("id");
        QTest::addColumn<std::string>("revision");
        QTest::addColumn<std::string>("token");
        QTest::addColumn<int>("code");
        QTest::addColumn<QStringList>("words");

        const auto row = [](const char* name, const char* id, const char* revision, const char* token,
                            ErrorCode code, const QStringList& words) {
            QTest::newRow(name) << std::string(id) << std::string(revision) << std::string(token)
                                << static_cast<int>(code) << words;
        };
        row("gated, no token", "facet/gated", "main", "", ErrorCode::Unavailable,
            {QStringLiteral("is gated and no token was sent"), QStringLiteral("HUB/facet/gated,"),
             QStringLiteral("HUB/settings/tokens")});
        row("gated, licence not accepted", "facet/gated", "main", "hf_new", ErrorCode::Unavailable,
            {QStringLiteral("accept its licence at HUB/facet/gated "), QStringLiteral("authorized list")});
        row("a token that the hub does not know", "facet/gated", "main", "hf_old", ErrorCode::InvalidInput,
            {QStringLiteral("does not accept the token of HF_TOKEN"), QStringLiteral("HUB/settings/tokens")});
        row("private or missing, no token", "facet/private", "main", "", ErrorCode::NotFound,
            {QStringLiteral("there is no public model facet/private"), QStringLiteral("HUB/facet/private")});
        row("missing", "facet/nothing", "main", "hf_accepted", ErrorCode::NotFound,
            {QStringLiteral("there is no model facet/nothing"), QStringLiteral("HUB/facet/nothing")});
        row("no such revision", "facet/tiny", "v9", "", ErrorCode::NotFound,
            {QStringLiteral("facet/tiny has no revision \"v9\""),
             QStringLiteral("HUB/facet/tiny/tree/main")});
    }

    void eachKindHasItsSentence()
    {
        QFETCH(std::string, id);
        QFETCH(std::string, revision);
        QFETCH(std::string, token);
        QFETCH(int, code);
        QFETCH(QStringList, words);
        DownloadRequest request = m_case.request(id);
        request.revision = revision;
        request.hub.token = token;
        request.hub.tokenSource = token.empty() ? "" : "HF_TOKEN";
        const auto model = downloadModel(request);
        QVERIFY(!model);
        QCOMPARE(static_cast<int>(model.error().code), code);
        const QString message = QString::fromStdString(model.error().message);
        for (QString word : words)
            QVERIFY2(message.contains(word.replace(QStringLiteral("HUB"), m_case.server.endpoint())),
                     reason(model));
        QVERIFY2(token.empty() || message.indexOf(QString::fromStdString(token)) < 0, reason(model));
        // Nothing of it passes by itself, so it is asked once.
        QVERIFY(m_case.server.requests(QStringLiteral("hub")).size() <= 1);
    }

    void aPrivateModelIsReadWithItsToken()
    {
        DownloadRequest request = m_case.request("facet/private");
        request.hub.token = "hf_new";
        const auto model = downloadModel(request);
        QVERIFY2(model, reason(model));
    }

    void aFileThatVanishedIsNamed()
    {
        m_case.server.setFaults({QJsonObject{{QStringLiteral("on"), QStringLiteral("hub")},
                                             {QStringLiteral("file"), QStringLiteral("config.json")},
                                             {QStringLiteral("do"), QStringLiteral("status")},
                                             {QStringLiteral("status"), 404},
                                             {QStringLiteral("code"), QStringLiteral("EntryNotFound")}}});
        const auto model = downloadModel(m_case.request());
        QCOMPARE(model.error().code, ErrorCode::NotFound);
        QVERIFY2(model.error().message.starts_with("facet/tiny has no file \"config.json\""), reason(model));
    }

    void hostileWordsOfTheServerAreMadeHarmless()
    {
        m_case.server.setFaults({QJsonObject{
            {QStringLiteral("on"), QStringLiteral("api")},
            {QStringLiteral("do"), QStringLiteral("status")},
            {QStringLiteral("status"), 403},
            {QStringLiteral("message"), QStringLiteral("\u001b[2Jgone") + QString(1000, u'x')}}});
        const auto model = downloadModel(m_case.request());
        QVERIFY(!model);
        QVERIFY2(model.error().message.find('\x1b') == std::string::npos, reason(model));
        QVERIFY(model.error().message.size() < 600);
    }

    void theAccountOfATokenHasAName()
    {
        HubSettings settings = m_case.request().hub;
        settings.token = "hf_new";
        const auto name = hubAccount(settings);
        QVERIFY2(name, reason(name));
        QCOMPARE(*name, std::string("bruno"));
        settings.token = "hf_old";
        QCOMPARE(hubAccount(settings).error().code, ErrorCode::InvalidInput);
        settings.token.clear();
        QVERIFY2(hubAccount(settings).error().message.starts_with("no token was given"),
                 reason(hubAccount(settings)));
    }
};

QTEST_GUILESS_MAIN(HubRefusalTest)
#include "hub_refusal_test.moc"
