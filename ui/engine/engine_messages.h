#pragma once

// What the window and the engine say to each other, as Qt values. core/api knows the JSON.

#include "core/api/error.h"
#include "core/base/result.h"
#include "core/conversations/sampling.h"

#include <QByteArray>
#include <QList>
#include <QMetaType>
#include <QString>

#include <optional>
#include <string_view>

namespace facet::ui {

/// What this window speaks: an engine with another number is refused.
inline constexpr int kEngineApi = core::api::kApiVersion;

struct EngineVersion {
    QString version;
    int api = 0;
};

/// A computing device of the engine's machine. The CPU is one.
struct EngineDevice {
    QString id;  ///< "cuda:0", "cpu"
    QString name;
    qint64 memoryBytes = 0;
    QString capability;
    QString driver;
    bool isUsable = false;
    QString problem;  ///< why not, in words
};

/// What to load, and how. Also what an estimate is asked for.
struct LoadRequest {
    QString model;  ///< a library name, a path or a Hugging Face id
    bool textOnly = false;
    QString device = QStringLiteral("auto");
    QString weights = {};  ///< "bfloat16", "float32", "int8", "int4"; "": the device's default
    int context = 0;       ///< tokens; 0: the model's own, at most 8192
};

struct LoadEstimate {
    qint64 weightBytes = 0;
    qint64 cacheBytes = 0;
    qint64 workspaceBytes = 0;
    qint64 totalBytes = 0;
    qint64 availableBytes = 0;
    bool fits = false;
    QString advice;
};

/// A model that the engine has loaded, or is about to.
struct EngineModel {
    enum class State { Loading, Ready, Failed };

    QString id;
    QString path;
    State state = State::Loading;
    double progress = 0;  ///< 0 to 1 while loading
    QString error;        ///< a sentence, when failed
    QString device;
    QString weights;
    int context = 0;  ///< tokens
    bool hasVision = false;
    bool isCompletionOnly = false;  ///< a base model: it goes on with a text, it does not answer
    QString chatTemplate;

    bool operator==(const EngineModel&) const = default;
};

/// An adapter that the engine has read.
struct EngineAdapter {
    QString id;
    QString path;  ///< on the engine's machine
    QString base;  ///< the model that it was trained on, as its folder says
    int rank = 0;  ///< the largest of its layers
};

struct EngineQueue {
    int running = 0;
    int waiting = 0;
    int slotCount = 0;
};

struct EngineCache {
    qint64 snapshots = 0;
    qint64 bytes = 0;
    qint64 limitBytes = 0;
};

struct TokenCount {
    int tokens = 0;       ///< in all
    int imageTokens = 0;  ///< those of them that stand for pictures
    int contextLength = 0;
};

struct ChatTurn {
    QString role;  ///< "system", "user", "assistant"
    QString text;
    QList<QString> pictures;  ///< paths of files
};

/// An adapter of an answer.
struct AdapterUse {
    QString id;        ///< one of EngineClient::listAdapters()
    double scale = 1;  ///< -100 to 100
};

/// A chat if `prompt` is absent, else a text to go on with.
struct AnswerRequest {
    QString model;
    QList<ChatTurn> turns;
    std::optional<QString> prompt;
    core::Sampling sampling;
    QList<AdapterUse> adapters;  ///< none: the model itself, whatever the engine's own default is
};

/// How an answer went.
struct AnswerEnd {
    QString finishReason;  ///< "stop", "length"
    int promptTokens = 0;
    int completionTokens = 0;
    int cachedTokens = 0;
    int imageTokens = 0;
    double timeToFirstTokenSeconds = 0;
    double decodeTokensPerSecond = 0;
};

/// One event of an answer that streams.
struct AnswerEvent {
    QString text;
    std::optional<QString> error;
    bool isDone = false;
};

QByteArray encode(const LoadRequest& request);
QByteArray encodeUnload(const QString& model);
QByteArray encodeAdapterLoad(const QString& path, const QString& id);
QByteArray encodeAdapterUnload(const QString& id);

/// Cost  reads and encodes the pictures unless `picturesByPath`: not for the GUI thread then.
core::Result<QByteArray> encode(const AnswerRequest& request, bool picturesByPath);
core::Result<QByteArray> encodeTokenize(const AnswerRequest& request, bool picturesByPath);

// Errors  Internal: the engine's answer is not what the contract says.
core::Result<EngineVersion> decodeVersion(const QByteArray& body);
core::Result<QList<EngineDevice>> decodeDevices(const QByteArray& body);
core::Result<LoadEstimate> decodeEstimate(const QByteArray& body);
core::Result<QString> decodeLoad(const QByteArray& body);
core::Result<QList<EngineModel>> decodeModels(const QByteArray& body);
core::Result<QList<EngineAdapter>> decodeAdapters(const QByteArray& body);
core::Result<EngineQueue> decodeQueue(const QByteArray& body);
core::Result<EngineCache> decodeCache(const QByteArray& body);
core::Result<TokenCount> decodeTokenCount(const QByteArray& body);

/// The sentence of an error's body; "" if it is empty.
QString decodeErrorSentence(int status, const QByteArray& body);

/// One `data:` of a stream. Fills `end` with what the event says about the whole answer.
core::Result<AnswerEvent> decodeAnswerEvent(std::string_view data, AnswerEnd& end);

struct EngineGreeting {
    int port = 0;
    QByteArray token;
    QString version;
};

/// The first line on the engine's stdout.
core::Result<EngineGreeting> decodeGreeting(const QByteArray& line);

}  // namespace facet::ui

Q_DECLARE_METATYPE(facet::ui::EngineModel)
