#include "ui/engine/engine_client.h"

#include <QNetworkReply>

namespace facet::ui {

AnswerStream::AnswerStream(EngineClient& client, QObject* parent) : QObject(parent), m_client(client) {}

AnswerStream::~AnswerStream()
{
    cancel();
}

void AnswerStream::cancel()
{
    m_isOver = true;
    if (!m_reply)
        return;
    m_reply->disconnect(this);
    m_reply->abort();
    m_reply->deleteLater();
    m_reply = nullptr;
}

void AnswerStream::post(const EngineAddress& address, const QString& path, const QByteArray& body)
{
    if (m_isOver)
        return;
    QNetworkRequest request = m_client.requestFor(address, path);
    request.setRawHeader("Accept", "text/event-stream");
    m_reply = m_client.m_network.post(request, body);
    connect(m_reply, &QNetworkReply::readyRead, this, &AnswerStream::read);
    connect(m_reply, &QNetworkReply::finished, this, &AnswerStream::handleEnd);
}

void AnswerStream::read()
{
    // An error's body is read whole, at the end.
    if (m_reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt() != 200)
        return;
    const QByteArray bytes = m_reply->readAll();
    const core::Result<std::vector<std::string>> events =
        m_events.push(std::string_view(bytes.constData(), static_cast<size_t>(bytes.size())));
    if (!events) {
        fail(QString::fromStdString(events.error().message));
        return;
    }
    for (const std::string& data : *events)
        if (!m_isOver)
            handle(data);
}

void AnswerStream::handle(std::string_view data)
{
    const core::Result<AnswerEvent> event = decodeAnswerEvent(data, m_end);
    if (!event) {
        fail(QString::fromStdString(event.error().message));
        return;
    }
    if (event->error) {
        fail(*event->error);
        return;
    }
    if (!event->text.isEmpty())
        Q_EMIT delta(event->text);
    if (event->isDone && !m_isOver) {
        const AnswerEnd end = m_end;
        cancel();
        Q_EMIT finished(end);
    }
}

void AnswerStream::handleEnd()
{
    if (m_isOver)
        return;
    const int status = m_reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (status == 200)
        read();
    if (m_isOver)
        return;
    const QByteArray body = m_reply->readAll();
    const QString sentence = decodeErrorSentence(status, body);
    if (status >= 400 && !sentence.isEmpty()) {
        fail(sentence);
        return;
    }
    const QString reason = status >= 400 ? tr("The engine refused the request with status %1.").arg(status)
                                         : tr("The connection to the engine broke off.");
    const QPointer<QNetworkReply> reply = std::exchange(m_reply, nullptr);
    reply->deleteLater();
    m_client.explain(reason, this, [this](const QString& explained) {
        if (!m_isOver)
            fail(explained);
    });
}

void AnswerStream::fail(const QString& sentence)
{
    if (m_isOver)
        return;
    cancel();
    Q_EMIT failed(sentence);
}

}  // namespace facet::ui
