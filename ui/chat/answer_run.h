#pragma once

// One answer, from the need of a model to the last word in the store. What it hands on has been committed: a
// window that dies loses nothing that it showed.

#include "ui/chat/conversation_service.h"
#include "ui/engine/engine_client.h"
#include "ui/models/loaded_adapters.h"
#include "ui/models/loaded_models.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

namespace facet::ui {

class AnswerRun final : public QObject {
    Q_OBJECT

public:
    /// Text is handed on at most so often: no screen needs more, and each time costs a layout.
    static constexpr int kShowEveryMs = 33;

    struct Target {
        qint64 conversation = 0;
        qint64 message = 0;
    };

    /// What has to be loaded for the answer, by name and folder.
    struct Needs {
        LoadedModels& models;
        LoadedAdapters& adapters;
    };

    /// The adapters of `request` are those of `uses`; its model is a name that Needs::models can load.
    AnswerRun(ConversationService& service, Needs needs, Target target, AnswerRequest request,
              std::vector<core::UsedAdapter> uses, QObject* parent);

    Target target() const { return m_target; }

    /// Whether the model is being loaded or thinks about the prompt: nothing was written yet.
    bool isWaiting() const { return m_numTokens == 0; }

    /// Whether model and adapters are ready, so that the prompt is being read.
    bool isReading() const { return m_isReading; }

    /// The name by which the model was asked for.
    const QString& model() const { return m_model; }

    /// What is known while it runs; tokens are counted as they arrive.
    core::MessageStats stats() const;

    void start();

    /// What was committed up to now was read from the store: it is not handed on again.
    void forgetCommitted() { m_committed.clear(); }

    /// Keeps what has been written. ended() follows.
    void stop();

Q_SIGNALS:
    /// The model is ready, so the prompt is being read.
    void reading();

    /// Committed, at most every kShowEveryMs.
    void textCommitted(const QString& text);

    /// All of it is in the store, or could not be put there, which `error` then says. Once.
    void ended(facet::core::MessageState state, const QString& error, const facet::core::MessageStats& stats);

private:
    void loadAdapters(const EngineModel& model);
    void ask();
    void take(const QString& delta);
    void commitIncoming();
    void show();
    void finish(core::MessageState state, const QString& error);
    void finishWhenCommitted();

    ConversationService& m_service;
    Needs m_needs;
    const Target m_target;
    AnswerRequest m_request;
    const QString m_model;
    const std::vector<core::UsedAdapter> m_uses;
    bool m_isReading = false;
    QPointer<AnswerStream> m_stream;

    QString m_incoming;   // not yet given to the store
    QString m_committed;  // not yet handed on
    bool m_isCommitting = false;
    QTimer m_showTimer;

    QElapsedTimer m_clock;  // since start()
    qint64 m_firstTokenMs = 0;
    qint64 m_lastTokenMs = 0;
    int m_numTokens = 0;

    std::optional<std::pair<core::MessageState, QString>> m_ending;
    core::MessageStats m_stats;  // the engine's own, at the end
    bool m_hasStats = false;
    bool m_isEnding = false;
};

}  // namespace facet::ui
