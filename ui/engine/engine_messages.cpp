#include "ui/engine/engine_messages.h"

#include "core/api/answer.h"
#include "core/api/control.h"
#include "core/api/data_uri.h"
#include "core/api/request.h"
#include "core/api/server_sent_events.h"
#include "core/base/file.h"

#include <QMimeDatabase>
#include <QUrl>

namespace facet::ui {

namespace api = core::api;
using nlohmann::json;

static constexpr size_t kMaxPictureBytes = 64 << 20;

static QString qt(const std::string& text)
{
    return QString::fromStdString(text);
}

static QByteArray compact(const json& object)
{
    return QByteArray::fromStdString(api::dumped(object));
}

static core::Error broken(const core::Error& error)
{
    return {core::ErrorCode::Internal, "The engine's answer is not understood (" + error.message +
                                           "): use a window and an engine of one release."};
}

/// Parses a body, reads it by `read` and turns the result by `convert`.
template <typename To, typename From, typename Convert>
static core::Result<To> decode(const QByteArray& body, core::Result<From> (*read)(const json&),
                               Convert convert)
{
    const core::Result<json> object = api::parseBody(std::string_view(body.constData(), body.size()));
    if (!object)
        return broken(object.error());
    core::Result<From> value = read(*object);
    if (!value)
        return broken(value.error());
    return To(convert(*value));
}

QByteArray encode(const LoadRequest& request)
{
    return compact(api::toJson(api::LoadRequest{.model = request.model.toStdString(),
                                                .textOnly = request.textOnly,
                                                .device = request.device.toStdString(),
                                                .weights = request.weights.toStdString(),
                                                .context = request.context}));
}

QByteArray encodeUnload(const QString& model)
{
    return compact({{"model", model.toStdString()}});
}

QByteArray encodeAdapterLoad(const QString& path, const QString& id)
{
    return compact(api::toJson(api::AdapterLoadRequest{path.toStdString(), id.toStdString()}));
}

QByteArray encodeAdapterUnload(const QString& id)
{
    return compact({{"id", id.toStdString()}});
}

/// What the engine reads a picture from: the file, or the bytes themselves.
static core::Result<std::string> pictureSource(const QString& path, bool byPath)
{
    if (byPath)
        return QUrl::fromLocalFile(path).toString(QUrl::FullyEncoded).toStdString();
    const core::Result<std::string> bytes = core::readFile(path.toStdString(), kMaxPictureBytes);
    if (!bytes)
        return bytes.error();
    const QByteArray view = QByteArray::fromRawData(bytes->data(), static_cast<qsizetype>(bytes->size()));
    return api::dataUri(QMimeDatabase().mimeTypeForData(view).name().toStdString(), *bytes);
}

static core::Result<std::vector<core::Message>> messagesOf(const QList<ChatTurn>& turns, bool picturesByPath)
{
    std::vector<core::Message> messages;
    for (const ChatTurn& turn : turns) {
        core::Message message{turn.role.toStdString(), {}};
        for (const QString& path : turn.pictures) {
            core::Result<std::string> source = pictureSource(path, picturesByPath);
            if (!source)
                return source.error();
            message.content.push_back(core::ImagePart{std::move(*source)});
        }
        if (!turn.text.isEmpty() || turn.pictures.isEmpty())
            message.content.push_back(core::TextPart{turn.text.toStdString()});
        messages.push_back(std::move(message));
    }
    return messages;
}

core::Result<QByteArray> encode(const AnswerRequest& request, bool picturesByPath)
{
    const core::Sampling& sampling = request.sampling;
    api::AnswerOptions options;
    options.model = request.model.toStdString();
    options.temperature = sampling.temperature;
    options.topP = sampling.topP;
    options.topK = sampling.topK;
    options.minP = sampling.minP;
    options.repetitionPenalty = sampling.repetitionPenalty;
    options.maxTokens = sampling.maxTokens;
    options.seed = sampling.seed;
    options.stream = true;
    options.includeUsage = true;
    options.adapters.emplace();
    for (const AdapterUse& use : request.adapters)
        options.adapters->push_back({use.id.toStdString(), use.scale});
    if (request.prompt)
        return compact(api::toJson(api::CompletionRequest{options, {request.prompt->toStdString()}}));
    if (sampling.panAndScan)
        options.panAndScan = true;
    core::Result<std::vector<core::Message>> messages = messagesOf(request.turns, picturesByPath);
    if (!messages)
        return messages.error();
    return compact(api::toJson(api::ChatRequest{options, std::move(*messages)}));
}

core::Result<QByteArray> encodeTokenize(const AnswerRequest& request, bool picturesByPath)
{
    api::TokenizeRequest tokenize;
    tokenize.model = request.model.toStdString();
    if (request.prompt) {
        tokenize.prompt = request.prompt->toStdString();
        return compact(api::toJson(tokenize));
    }
    if (request.sampling.panAndScan)
        tokenize.panAndScan = true;
    core::Result<std::vector<core::Message>> messages = messagesOf(request.turns, picturesByPath);
    if (!messages)
        return messages.error();
    tokenize.messages = std::move(*messages);
    return compact(api::toJson(tokenize));
}

core::Result<EngineVersion> decodeVersion(const QByteArray& body)
{
    return decode<EngineVersion>(body, api::versionFromJson, [](const api::VersionInfo& version) {
        return EngineVersion{qt(version.version), version.api};
    });
}

core::Result<QList<EngineDevice>> decodeDevices(const QByteArray& body)
{
    return decode<QList<EngineDevice>>(
        body, api::devicesFromJson, [](const std::vector<api::Device>& devices) {
            QList<EngineDevice> list;
            for (const api::Device& device : devices)
                list.append({qt(device.id), qt(device.name), device.memoryBytes, qt(device.capability),
                             qt(device.driver), device.usable, qt(device.problem)});
            return list;
        });
}

core::Result<LoadEstimate> decodeEstimate(const QByteArray& body)
{
    return decode<LoadEstimate>(body, api::loadEstimateFromJson, [](const api::LoadEstimate& estimate) {
        return LoadEstimate{estimate.weightBytes, estimate.cacheBytes,     estimate.workspaceBytes,
                            estimate.totalBytes,  estimate.availableBytes, estimate.fits,
                            qt(estimate.advice)};
    });
}

core::Result<QString> decodeLoad(const QByteArray& body)
{
    return decode<QString>(
        body,
        +[](const json& object) -> core::Result<std::string> {
            const auto id = object.find("id");
            if (id == object.end() || !id->is_string())
                return core::Error{core::ErrorCode::InvalidInput, "it has no \"id\""};
            return id->get<std::string>();
        },
        qt);
}

static EngineModel modelOf(const api::ModelState& model)
{
    return {.id = qt(model.id),
            .path = qt(model.path),
            .state = model.state == api::ModelState::State::Ready    ? EngineModel::State::Ready
                     : model.state == api::ModelState::State::Failed ? EngineModel::State::Failed
                                                                     : EngineModel::State::Loading,
            .progress = model.progress,
            .error = qt(model.error),
            .device = qt(model.device),
            .weights = qt(model.weights),
            .context = static_cast<int>(model.context),
            .hasVision = model.vision,
            .isCompletionOnly = model.mode == "completion",
            .chatTemplate = qt(model.chatTemplate)};
}

core::Result<QList<EngineModel>> decodeModels(const QByteArray& body)
{
    return decode<QList<EngineModel>>(body, api::modelsFromJson,
                                      [](const std::vector<api::ModelState>& models) {
                                          QList<EngineModel> list;
                                          for (const api::ModelState& model : models)
                                              list.append(modelOf(model));
                                          return list;
                                      });
}

core::Result<QList<EngineAdapter>> decodeAdapters(const QByteArray& body)
{
    return decode<QList<
        EngineAdapter>>(body, api::adaptersFromJson, [](const std::vector<api::AdapterState>& adapters) {
        QList<EngineAdapter> list;
        for (const api::AdapterState& adapter : adapters)
            list.append({qt(adapter.id), qt(adapter.path), qt(adapter.base), static_cast<int>(adapter.rank)});
        return list;
    });
}

core::Result<EngineQueue> decodeQueue(const QByteArray& body)
{
    return decode<EngineQueue>(body, api::queueFromJson, [](const api::QueueState& queue) {
        return EngineQueue{static_cast<int>(queue.running), static_cast<int>(queue.waiting),
                           static_cast<int>(queue.slots)};
    });
}

core::Result<EngineCache> decodeCache(const QByteArray& body)
{
    return decode<EngineCache>(body, api::cacheFromJson, [](const api::CacheState& cache) {
        return EngineCache{cache.snapshots, cache.bytes, cache.limitBytes};
    });
}

core::Result<TokenCount> decodeTokenCount(const QByteArray& body)
{
    return decode<TokenCount>(body, api::tokensFromJson, [](const api::Tokens& tokens) {
        return TokenCount{static_cast<int>(tokens.ids.size()), static_cast<int>(tokens.numImageTokens),
                          static_cast<int>(tokens.maxTokens)};
    });
}

QString decodeErrorSentence(int status, const QByteArray& body)
{
    if (body.isEmpty())
        return {};
    return qt(api::errorFromText(status, std::string_view(body.constData(), body.size())).message);
}

core::Result<AnswerEvent> decodeAnswerEvent(std::string_view data, AnswerEnd& end)
{
    if (data == api::kStreamEnd)
        return AnswerEvent{.text = {}, .error = {}, .isDone = true};
    const core::Result<json> object = api::parseBody(data);
    if (!object)
        return broken(object.error());
    if (object->contains("error"))
        return AnswerEvent{.text = {}, .error = qt(api::errorFromText(500, data).message), .isDone = false};
    const core::Result<api::Answer> answer = api::answerFromJson(*object);
    if (!answer)
        return broken(answer.error());
    AnswerEvent event;
    for (const api::Choice& choice : answer->choices) {
        event.text += qt(choice.text);
        if (!choice.finishReason.empty())
            end.finishReason = qt(choice.finishReason);
    }
    if (answer->usage) {
        end.promptTokens = static_cast<int>(answer->usage->promptTokens);
        end.completionTokens = static_cast<int>(answer->usage->completionTokens);
        end.cachedTokens = static_cast<int>(answer->usage->cachedTokens);
        end.imageTokens = static_cast<int>(answer->usage->imageTokens);
    }
    if (answer->timings) {
        end.timeToFirstTokenSeconds = answer->timings->secondsToFirstToken;
        end.decodeTokensPerSecond = answer->timings->decodeTokensPerSecond;
    }
    return event;
}

core::Result<EngineGreeting> decodeGreeting(const QByteArray& line)
{
    const core::Result<api::ServerStart> start =
        api::serverStartFromLine(std::string_view(line.constData(), line.size()));
    if (!start || start->port < 1 || start->port > 65535)
        return core::Error{
            core::ErrorCode::Internal,
            QStringLiteral("The engine began with \"%1\" in place of where it listens: see its log.")
                .arg(QString::fromUtf8(line.left(80)))
                .toStdString()};
    return EngineGreeting{start->port, QByteArray::fromStdString(start->token), qt(start->version)};
}

}  // namespace facet::ui
