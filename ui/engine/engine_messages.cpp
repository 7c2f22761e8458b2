#include "ui/engine/engine_messages.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMimeDatabase>
#include <QUrl>

namespace facet::ui {

static constexpr qint64 kMaxPictureBytes = 64 << 20;

static QByteArray compact(const QJsonObject& object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

static core::Error broken(const QString& what)
{
    return {core::ErrorCode::Internal,
            QStringLiteral("The engine's answer %1: use a window and an engine of one release.")
                .arg(what)
                .toStdString()};
}

static core::Result<QJsonObject> objectOf(const QByteArray& body)
{
    QJsonParseError problem;
    const QJsonDocument document = QJsonDocument::fromJson(body, &problem);
    if (!document.isObject())
        return broken(QStringLiteral("is no JSON object (%1)").arg(problem.errorString()));
    return document.object();
}

/// A list of objects under `key`, each turned into a T.
template <typename T>
static core::Result<QList<T>> listOf(const QByteArray& body, const char* key,
                                     T (*convert)(const QJsonObject&))
{
    const core::Result<QJsonObject> object = objectOf(body);
    if (!object)
        return object.error();
    const QJsonValue list = object->value(QLatin1String(key));
    if (!list.isArray())
        return broken(QStringLiteral("has no list \"%1\"").arg(QLatin1String(key)));
    QList<T> result;
    for (const QJsonValue& value : list.toArray())
        result.append(convert(value.toObject()));
    return result;
}

static QString text(const QJsonObject& object, const char* key)
{
    return object.value(QLatin1String(key)).toString();
}

static qint64 integer(const QJsonObject& object, const char* key)
{
    return static_cast<qint64>(object.value(QLatin1String(key)).toDouble());
}

static int small(const QJsonObject& object, const char* key)
{
    return static_cast<int>(integer(object, key));
}

QByteArray encode(const LoadRequest& request)
{
    return compact({{"model", request.model},
                    {"text_only", request.textOnly},
                    {"device", request.device},
                    {"weights", request.weights},
                    {"context", request.context}});
}

QByteArray encodeUnload(const QString& model)
{
    return compact({{"model", model}});
}

/// The address that the engine reads a picture from: the file, or the bytes themselves.
static core::Result<QString> pictureUrl(const QString& path, bool byPath)
{
    if (byPath)
        return QUrl::fromLocalFile(path).toString(QUrl::FullyEncoded);
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return core::Error{
            core::ErrorCode::Io,
            QStringLiteral("The picture %1 cannot be read: %2.").arg(path, file.errorString()).toStdString()};
    if (file.size() > kMaxPictureBytes)
        return core::Error{core::ErrorCode::InvalidInput,
                           QStringLiteral("The picture %1 has %2 MB; at most %3 are sent.")
                               .arg(path)
                               .arg(file.size() >> 20)
                               .arg(kMaxPictureBytes >> 20)
                               .toStdString()};
    const QByteArray bytes = file.readAll();
    const QString type = QMimeDatabase().mimeTypeForData(bytes).name();
    return QStringLiteral("data:%1;base64,%2").arg(type, QString::fromLatin1(bytes.toBase64()));
}

static core::Result<QJsonArray> messagesOf(const QList<ChatTurn>& turns, bool picturesByPath)
{
    QJsonArray messages;
    for (const ChatTurn& turn : turns) {
        if (turn.pictures.isEmpty()) {
            messages.append(QJsonObject{{"role", turn.role}, {"content", turn.text}});
            continue;
        }
        QJsonArray parts;
        for (const QString& path : turn.pictures) {
            const core::Result<QString> url = pictureUrl(path, picturesByPath);
            if (!url)
                return url.error();
            parts.append(QJsonObject{{"type", "image_url"}, {"image_url", QJsonObject{{"url", *url}}}});
        }
        if (!turn.text.isEmpty())
            parts.append(QJsonObject{{"type", "text"}, {"text", turn.text}});
        messages.append(QJsonObject{{"role", turn.role}, {"content", parts}});
    }
    return messages;
}

core::Result<QByteArray> encode(const AnswerRequest& request, bool picturesByPath)
{
    const core::Sampling& sampling = request.sampling;
    QJsonObject body{{"model", request.model},
                     {"stream", true},
                     {"stream_options", QJsonObject{{"include_usage", true}}},
                     {"temperature", sampling.temperature},
                     {"top_p", sampling.topP},
                     {"top_k", sampling.topK},
                     {"min_p", sampling.minP},
                     {"repetition_penalty", sampling.repetitionPenalty},
                     {"max_tokens", sampling.maxTokens}};
    if (sampling.seed)
        body.insert(QStringLiteral("seed"), static_cast<qint64>(*sampling.seed));
    if (request.prompt) {
        body.insert(QStringLiteral("prompt"), *request.prompt);
        return compact(body);
    }
    if (sampling.panAndScan)
        body.insert(QStringLiteral("pan_and_scan"), true);
    const core::Result<QJsonArray> messages = messagesOf(request.turns, picturesByPath);
    if (!messages)
        return messages.error();
    body.insert(QStringLiteral("messages"), *messages);
    return compact(body);
}

core::Result<QByteArray> encodeTokenize(const AnswerRequest& request, bool picturesByPath)
{
    QJsonObject body{{"model", request.model}};
    if (request.prompt) {
        body.insert(QStringLiteral("prompt"), *request.prompt);
        return compact(body);
    }
    if (request.sampling.panAndScan)
        body.insert(QStringLiteral("pan_and_scan"), true);
    const core::Result<QJsonArray> messages = messagesOf(request.turns, picturesByPath);
    if (!messages)
        return messages.error();
    body.insert(QStringLiteral("messages"), *messages);
    return compact(body);
}

core::Result<EngineVersion> decodeVersion(const QByteArray& body)
{
    const core::Result<QJsonObject> object = objectOf(body);
    if (!object)
        return object.error();
    if (!object->value(QStringLiteral("api")).isDouble())
        return broken(QStringLiteral("has no number \"api\""));
    return EngineVersion{text(*object, "version"), small(*object, "api")};
}

core::Result<QList<EngineDevice>> decodeDevices(const QByteArray& body)
{
    return listOf<EngineDevice>(body, "devices", [](const QJsonObject& device) {
        return EngineDevice{text(device, "id"),
                            text(device, "name"),
                            integer(device, "memory_bytes"),
                            text(device, "capability"),
                            text(device, "driver"),
                            device.value(QStringLiteral("usable")).toBool(),
                            text(device, "problem")};
    });
}

core::Result<LoadEstimate> decodeEstimate(const QByteArray& body)
{
    const core::Result<QJsonObject> object = objectOf(body);
    if (!object)
        return object.error();
    const QJsonObject bytes = object->value(QStringLiteral("bytes")).toObject();
    return LoadEstimate{integer(bytes, "weights"),
                        integer(bytes, "cache"),
                        integer(bytes, "workspace"),
                        integer(bytes, "total"),
                        integer(*object, "available_bytes"),
                        object->value(QStringLiteral("fits")).toBool(),
                        text(*object, "advice")};
}

core::Result<QString> decodeLoad(const QByteArray& body)
{
    const core::Result<QJsonObject> object = objectOf(body);
    if (!object)
        return object.error();
    if (text(*object, "id").isEmpty())
        return broken(QStringLiteral("has no \"id\""));
    return text(*object, "id");
}

static EngineModel modelOf(const QJsonObject& model)
{
    const QString state = text(model, "state");
    return {.id = text(model, "id"),
            .path = text(model, "path"),
            .state = state == QStringLiteral("ready")    ? EngineModel::State::Ready
                     : state == QStringLiteral("failed") ? EngineModel::State::Failed
                                                         : EngineModel::State::Loading,
            .progress = model.value(QStringLiteral("progress")).toDouble(),
            .error = text(model, "error"),
            .device = text(model, "device"),
            .weights = text(model, "dtype").isEmpty() ? text(model, "weights") : text(model, "dtype"),
            .context = small(model, "context"),
            .hasVision = model.value(QStringLiteral("vision")).toBool(),
            .isCompletionOnly = text(model, "mode") == QStringLiteral("completion"),
            .chatTemplate = text(model, "template")};
}

core::Result<QList<EngineModel>> decodeModels(const QByteArray& body)
{
    return listOf<EngineModel>(body, "models", modelOf);
}

core::Result<EngineQueue> decodeQueue(const QByteArray& body)
{
    const core::Result<QJsonObject> object = objectOf(body);
    if (!object)
        return object.error();
    return EngineQueue{small(*object, "running"), small(*object, "waiting"), small(*object, "slots")};
}

core::Result<EngineCache> decodeCache(const QByteArray& body)
{
    const core::Result<QJsonObject> object = objectOf(body);
    if (!object)
        return object.error();
    return EngineCache{integer(*object, "snapshots"), integer(*object, "bytes"),
                       integer(*object, "limit_bytes")};
}

core::Result<TokenCount> decodeTokenCount(const QByteArray& body)
{
    const core::Result<QJsonObject> object = objectOf(body);
    if (!object)
        return object.error();
    return TokenCount{small(*object, "count"), small(*object, "image_tokens"),
                      small(*object, "max_model_len")};
}

QString decodeErrorSentence(const QByteArray& body)
{
    const QJsonValue error = QJsonDocument::fromJson(body).object().value(QStringLiteral("error"));
    return text(error.toObject(), "message");
}

core::Result<AnswerEvent> decodeAnswerEvent(const QByteArray& data, AnswerEnd& end)
{
    if (data == "[DONE]")
        return AnswerEvent{.text = {}, .error = {}, .isDone = true};
    const core::Result<QJsonObject> object = objectOf(data);
    if (!object)
        return object.error();
    AnswerEvent event;
    if (const QJsonValue error = object->value(QStringLiteral("error")); error.isObject()) {
        event.error = text(error.toObject(), "message");
        return event;
    }
    const QJsonObject choice = object->value(QStringLiteral("choices")).toArray().at(0).toObject();
    event.text = choice.contains(QStringLiteral("delta"))
                     ? text(choice.value(QStringLiteral("delta")).toObject(), "content")
                     : text(choice, "text");
    if (const QString reason = text(choice, "finish_reason"); !reason.isEmpty())
        end.finishReason = reason;
    if (const QJsonObject usage = object->value(QStringLiteral("usage")).toObject(); !usage.isEmpty()) {
        const QJsonObject details = usage.value(QStringLiteral("prompt_tokens_details")).toObject();
        end.promptTokens = small(usage, "prompt_tokens");
        end.completionTokens = small(usage, "completion_tokens");
        end.cachedTokens = small(details, "cached_tokens");
        end.imageTokens = small(details, "image_tokens");
    }
    if (const QJsonObject facet = object->value(QStringLiteral("facet")).toObject(); !facet.isEmpty()) {
        end.timeToFirstTokenSeconds = facet.value(QStringLiteral("time_to_first_token")).toDouble();
        end.decodeTokensPerSecond = facet.value(QStringLiteral("decode_tokens_per_second")).toDouble();
    }
    return event;
}

core::Result<EngineGreeting> decodeGreeting(const QByteArray& line)
{
    const QJsonObject object = QJsonDocument::fromJson(line).object();
    const int port = small(object, "port");
    if (port < 1 || port > 65535)
        return core::Error{
            core::ErrorCode::Internal,
            QStringLiteral("The engine began with \"%1\" in place of where it listens: see its log.")
                .arg(QString::fromUtf8(line.left(80)))
                .toStdString()};
    return EngineGreeting{port, text(object, "token").toUtf8(), text(object, "version")};
}

}  // namespace facet::ui
