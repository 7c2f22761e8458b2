#include "ui/engine/engine_client.h"

#include "ui/background.h"

#include <QNetworkProxy>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QTimer>

#include <memory>

namespace facet::ui {

static constexpr int kRequestLimitMs = 60'000;
static constexpr int kExplainLimitMs = 500;
static constexpr qint64 kMaxAnswerBytes = 64 << 20;

static core::Error unavailable(const QString& sentence)
{
    return {core::ErrorCode::Unavailable, sentence.toStdString()};
}

/// Why a request failed, as one sentence: the engine's own if it sent one.
static core::Error errorOf(QNetworkReply& reply, const QByteArray& body)
{
    const int status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (const QString sentence = decodeErrorSentence(status, body); status >= 400 && !sentence.isEmpty())
        return {core::ErrorCode::InvalidInput, sentence.toStdString()};
    if (status >= 400)
        return {core::ErrorCode::Internal, EngineClient::tr("The engine refused %1 with status %2.")
                                               .arg(reply.url().path())
                                               .arg(status)
                                               .toStdString()};
    return unavailable(EngineClient::tr("The engine at %1 does not answer: %2.")
                           .arg(reply.url().authority(), reply.errorString()));
}

EngineClient::EngineClient(QObject* parent) : QObject(parent)
{
    m_network.setProxy(QNetworkProxy::NoProxy);
    m_network.setRedirectPolicy(QNetworkRequest::ManualRedirectPolicy);
}

EngineClient::~EngineClient() = default;

void EngineClient::useProcess(EngineProcess& process)
{
    if (m_process)
        m_process->disconnect(this);
    m_process = &process;
    m_address = {};
    ++m_round;
    setState(State::Off);
    connect(m_process, &EngineProcess::stateChanged, this, &EngineClient::followProcess);
    if (process.state() != EngineProcess::State::Stopped)
        followProcess();
}

void EngineClient::useAddress(EngineAddress address)
{
    if (m_process)
        m_process->disconnect(this);
    m_process = nullptr;
    m_address = std::move(address);
    ++m_round;
    setState(State::Off);
}

QString EngineClient::stateText() const
{
    switch (m_state) {
        case State::Off:
            return m_process ? m_process->stateText() : tr("Engine is not connected");
        case State::Starting:
            return tr("Engine starts");
        case State::Connecting:
            return tr("Engine connects");
        case State::Ready:
            return tr("Engine ready");
        case State::Failed:
        case State::Refused:
            break;
    }
    return m_problem;
}

void EngineClient::connectToEngine()
{
    if (m_state == State::Starting || m_state == State::Connecting || m_state == State::Ready ||
        m_state == State::Refused)
        return;
    if (!m_process) {
        askVersion();
        return;
    }
    if (m_process->state() == EngineProcess::State::Stopped)
        m_process->start();
    else
        followProcess();
}

void EngineClient::retry()
{
    if (m_state != State::Refused && m_state != State::Failed)
        return;
    setState(State::Off);
    if (m_process)
        m_process->retry();
    connectToEngine();
}

void EngineClient::followProcess()
{
    switch (m_process->state()) {
        case EngineProcess::State::Starting:
            setState(State::Starting);
            break;
        case EngineProcess::State::Running:
            m_address = m_process->address();
            askVersion();
            break;
        case EngineProcess::State::Stopped:
            ++m_round;
            setState(State::Off, m_process->problem());
            releaseWaiting();
            break;
        case EngineProcess::State::GaveUp:
            ++m_round;
            setState(State::Refused, m_process->stateText());
            releaseWaiting();
            break;
    }
}

void EngineClient::askVersion()
{
    const int round = ++m_round;
    setState(State::Connecting);
    QNetworkReply* reply = m_network.get(requestFor(m_address, QStringLiteral("/facet/v1/version")));
    connect(reply, &QNetworkReply::finished, this, [this, reply, round] {
        reply->deleteLater();
        if (round != m_round)
            return;
        const QByteArray body = reply->read(kMaxAnswerBytes);
        if (reply->error() == QNetworkReply::NoError)
            handleVersion(decodeVersion(body));
        else
            handleVersion(errorOf(*reply, body));
    });
}

void EngineClient::handleVersion(core::Result<EngineVersion> version)
{
    if (!version)
        setState(State::Failed, QString::fromStdString(version.error().message));
    else if (version->api != kEngineApi)
        setState(State::Refused,
                 tr("The engine is version %1 and speaks API %2; this window speaks API %3: use a window "
                    "and an engine of one release.")
                     .arg(version->version)
                     .arg(version->api)
                     .arg(kEngineApi));
    else {
        m_version = *version;
        setState(State::Ready);
    }
    releaseWaiting();
}

void EngineClient::setState(State state, const QString& problem)
{
    if (m_state == state && m_problem == problem)
        return;
    m_state = state;
    m_problem = problem;
    Q_EMIT stateChanged(state);
}

void EngineClient::releaseWaiting()
{
    const auto waiting = std::exchange(m_waiting, {});
    for (const auto& [context, start] : waiting) {
        if (!context)
            continue;
        if (m_state == State::Ready)
            start(m_address);
        else
            start(unavailable(m_problem.isEmpty() ? tr("The engine ended before it could answer.")
                                                  : m_problem));
    }
}

void EngineClient::whenReady(QObject* context, std::function<void(core::Result<EngineAddress>)> start)
{
    m_waiting.append({context, std::move(start)});
    if (m_state == State::Ready || m_state == State::Refused)
        QMetaObject::invokeMethod(this, &EngineClient::releaseWaiting, Qt::QueuedConnection);
    else
        QMetaObject::invokeMethod(this, &EngineClient::connectToEngine, Qt::QueuedConnection);
}

QNetworkRequest EngineClient::requestFor(const EngineAddress& address, const QString& path) const
{
    QUrl url = address.url;
    url.setPath(path);
    QNetworkRequest request(url);
    request.setRawHeader("Authorization", "Bearer " + address.token);
    request.setHeader(QNetworkRequest::ContentTypeHeader, QStringLiteral("application/json"));
    request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    return request;
}

template <typename T>
void EngineClient::request(const char* verb, const QString& path, const QByteArray& body, QObject* context,
                           Done<T> done, core::Result<T> (*decode)(const QByteArray&))
{
    const QPointer<QObject> guard(context);
    whenReady(context, [=, this, verb = QByteArray(verb)](core::Result<EngineAddress> address) {
        if (!address) {
            done(address.error());
            return;
        }
        QNetworkRequest request = requestFor(*address, path);
        request.setTransferTimeout(kRequestLimitMs);
        QNetworkReply* reply = m_network.sendCustomRequest(request, verb, body);
        connect(reply, &QNetworkReply::finished, this, [=, this] {
            reply->deleteLater();
            const QByteArray answer = reply->read(kMaxAnswerBytes);
            if (!guard)
                return;
            if (reply->error() == QNetworkReply::NoError) {
                done(decode(answer));
                return;
            }
            const core::Error error = errorOf(*reply, answer);
            if (error.code != core::ErrorCode::Unavailable) {
                done(error);
                return;
            }
            explain(QString::fromStdString(error.message), guard,
                    [done](const QString& sentence) { done(unavailable(sentence)); });
        });
    });
}

void EngineClient::explain(const QString& networkReason, QObject* context, std::function<void(QString)> tell)
{
    if (!m_process) {
        // The next request asks again whether there is an engine.
        if (m_state == State::Ready)
            setState(State::Failed, networkReason);
        tell(networkReason);
        return;
    }
    if (m_process->state() != EngineProcess::State::Running) {
        tell(m_process->problem().isEmpty() ? networkReason : m_process->problem());
        return;
    }
    // The socket closes before the process is known to have ended.
    auto* once = new QObject(context);
    const auto answer = [this, once, tell, networkReason] {
        once->deleteLater();
        once->disconnect();
        tell(m_process && !m_process->problem().isEmpty() ? m_process->problem() : networkReason);
    };
    auto* limit = new QTimer(once);
    limit->setSingleShot(true);
    limit->start(kExplainLimitMs);
    const auto ended = std::make_shared<bool>(false);
    const auto answerOnce = [ended, answer] {
        if (!std::exchange(*ended, true))
            answer();
    };
    connect(limit, &QTimer::timeout, once, answerOnce);
    connect(m_process, &EngineProcess::stateChanged, once, answerOnce);
}

/// For answers without anything to read in them.
static core::Result<QString> decodeNothing(const QByteArray&)
{
    return QString();
}

void EngineClient::listModels(QObject* context, Done<QList<EngineModel>> done)
{
    request<QList<EngineModel>>("GET", QStringLiteral("/facet/v1/models"), {}, context, std::move(done),
                                decodeModels);
}

void EngineClient::listDevices(QObject* context, Done<QList<EngineDevice>> done)
{
    request<QList<EngineDevice>>("GET", QStringLiteral("/facet/v1/devices"), {}, context, std::move(done),
                                 decodeDevices);
}

void EngineClient::estimate(const LoadRequest& load, QObject* context, Done<LoadEstimate> done)
{
    request<LoadEstimate>("POST", QStringLiteral("/facet/v1/estimate"), encode(load), context,
                          std::move(done), decodeEstimate);
}

void EngineClient::load(const LoadRequest& load, QObject* context, Done<QString> done)
{
    request<QString>("POST", QStringLiteral("/facet/v1/load"), encode(load), context, std::move(done),
                     decodeLoad);
}

void EngineClient::unload(const QString& model, QObject* context, Done<QString> done)
{
    request<QString>("POST", QStringLiteral("/facet/v1/unload"), encodeUnload(model), context,
                     std::move(done), decodeNothing);
}

void EngineClient::listAdapters(QObject* context, Done<QList<EngineAdapter>> done)
{
    request<QList<EngineAdapter>>("GET", QStringLiteral("/facet/v1/adapters"), {}, context, std::move(done),
                                  decodeAdapters);
}

void EngineClient::loadAdapter(const QString& path, const QString& id, QObject* context, Done<QString> done)
{
    request<QString>("POST", QStringLiteral("/facet/v1/adapters/load"), encodeAdapterLoad(path, id), context,
                     std::move(done), decodeLoad);
}

void EngineClient::unloadAdapter(const QString& id, QObject* context, Done<QString> done)
{
    request<QString>("POST", QStringLiteral("/facet/v1/adapters/unload"), encodeAdapterUnload(id), context,
                     std::move(done), decodeNothing);
}

void EngineClient::queryQueue(QObject* context, Done<EngineQueue> done)
{
    request<EngineQueue>("GET", QStringLiteral("/facet/v1/queue"), {}, context, std::move(done), decodeQueue);
}

void EngineClient::queryCache(QObject* context, Done<EngineCache> done)
{
    request<EngineCache>("GET", QStringLiteral("/facet/v1/cache"), {}, context, std::move(done), decodeCache);
}

void EngineClient::emptyCache(QObject* context, Done<QString> done)
{
    request<QString>("DELETE", QStringLiteral("/facet/v1/cache"), {}, context, std::move(done),
                     decodeNothing);
}

void EngineClient::tokenize(const AnswerRequest& what, QObject* context, Done<TokenCount> done)
{
    const QPointer<QObject> guard(context);
    encodeInBackground(what, /*isCount=*/true, this, [=, this](core::Result<QByteArray> body) {
        if (!guard)
            return;
        if (body)
            request<TokenCount>("POST", QStringLiteral("/v1/tokenize"), *body, guard, done, decodeTokenCount);
        else
            done(body.error());
    });
}

AnswerStream* EngineClient::answer(const AnswerRequest& what, QObject* parent)
{
    auto* stream = new AnswerStream(*this, parent);
    encodeInBackground(what, /*isCount=*/false, stream, [this, stream, what](core::Result<QByteArray> body) {
        if (!body) {
            stream->fail(QString::fromStdString(body.error().message));
            return;
        }
        const QString path =
            what.prompt ? QStringLiteral("/v1/completions") : QStringLiteral("/v1/chat/completions");
        whenReady(stream, [stream, path, body = *body](core::Result<EngineAddress> address) {
            if (address)
                stream->post(*address, path, body);
            else
                stream->fail(QString::fromStdString(address.error().message));
        });
    });
    return stream;
}

/// Encoding reads pictures where the engine cannot, so it is done in a pool thread; `done` runs in this one.
void EngineClient::encodeInBackground(const AnswerRequest& what, bool isCount, QObject* context,
                                      std::function<void(core::Result<QByteArray>)> done)
{
    runInBackground(
        context,
        [what, isCount, byPath = isLocal()] {
            return isCount ? encodeTokenize(what, byPath) : encode(what, byPath);
        },
        std::move(done));
}

}  // namespace facet::ui
