#pragma once

// The Chat page without widgets: which conversation is open, which branch of it, what is being written, and
// all that a user may do. The store and the engine are asked, never waited for.

#include "core/models/model_ref.h"
#include "ui/chat/answer_run.h"
#include "ui/chat/conversation_list_model.h"
#include "ui/chat/conversation_service.h"
#include "ui/chat/draft.h"
#include "ui/chat/picture_cache.h"
#include "ui/chat/thread_model.h"
#include "ui/chat/token_meter.h"
#include "ui/models/loaded_models.h"

#include <QObject>
#include <QStringList>
#include <QTimer>

#include <optional>
#include <vector>

namespace facet::ui {

/// A model that can be chosen, and how it stands.
struct ModelChoice {
    QString name;
    QString detail;  ///< "bf16", "42 %", ""
    bool isReady = false;

    bool operator==(const ModelChoice&) const = default;
};

enum class ExportFormat { Markdown, Json };

class ChatViewModel final : public QObject {
    Q_OBJECT

public:
    /// `service` and `models` must outlive this object.
    ChatViewModel(ConversationService& service, LoadedModels& models, core::Library library,
                  std::vector<core::BuiltInModel> builtIns, QObject* parent = nullptr);
    ~ChatViewModel() override;

    ConversationListModel& conversations() { return m_list; }
    ThreadModel& thread() { return m_thread; }
    Draft& draft() { return m_draft; }
    PictureCache& pictures() { return m_pictures; }
    TokenMeter& meter() { return m_meter; }
    EngineClient& client() { return m_client; }

    qint64 currentId() const { return m_conversation.id; }
    QString title() const;
    const core::ConversationSettings& settings() const { return m_conversation.settings; }
    QString model() const;
    const QList<ModelChoice>& modelChoices() const { return m_choices; }

    /// A base model is chosen: it goes on with a text.
    bool isCompletion() const { return m_conversation.settings.isCompletion; }

    bool isAnswering() const { return m_run != nullptr; }
    bool isAnsweringHere() const { return m_run && m_run->target().conversation == m_conversation.id; }

    /// The answer of the open conversation that is being written, 0 if none is.
    qint64 writingId() const { return isAnsweringHere() ? m_run->target().message : 0; }

    /// "Loading demo, 42 %", "Reading", "Writing": what the engine does for this conversation; "" if nothing.
    QString activity() const;

    /// "48 tokens, 97.1 tok/s, first after 38 ms" of the answer under way.
    core::MessageStats runningStats() const;

    const std::vector<core::Preset>& presets() const { return m_presets; }
    QString presetName() const { return m_presetName; }

    /// How many settings differ from the preset.
    int numChanged() const;

public Q_SLOTS:
    /// Reads the list and opens the newest conversation.
    void start();

    void newConversation();
    void open(qint64 conversation);
    void rename(qint64 conversation, const QString& title);

    /// To the trash; restore() takes it back.
    void remove(qint64 conversation);
    void restore(qint64 conversation);
    void setSearch(const QString& words);

    /// Sends the draft's pictures, too. Does nothing if there is nothing to send or an answer is under way.
    void send(const QString& text);
    void stop();

    /// Another answer beside the one that is there. For a question: answers it.
    void regenerate(qint64 message);

    /// A changed copy beside the message; a question is asked again. The old one stays.
    void edit(qint64 message, const QString& text);

    /// The earlier (-1) or later (+1) sibling of a message, with the branch below it.
    void showVersion(qint64 message, int step);

    /// Shows the branch up to `message`: what is sent next begins another one there.
    void branchFrom(qint64 message);

    void setModel(const QString& name);
    void setSystemPrompt(const QString& text);
    void setSampling(const facet::core::Sampling& sampling);
    void choosePreset(const QString& name);
    void savePreset(const QString& name);
    void removePreset(const QString& name);

    /// What is being typed, for the meter.
    void setDraftText(const QString& text);

    /// Writes the open conversation; its pictures go to a folder beside the file. exported() tells.
    void exportTo(const QString& path, facet::ui::ExportFormat format);
    void refreshModels();

Q_SIGNALS:
    void conversationChanged();  ///< another one, its title or its model
    void settingsChanged();
    void modelsChanged();
    void answeringChanged();
    void activityChanged();
    void presetsChanged();

    /// The message was put into the store; the composer may be cleared.
    void sent();
    void trashed(qint64 conversation, const QString& title);
    void exported(const QString& path);

    /// Something that the user asked for could not be done: a sentence.
    void problem(const QString& sentence);

private:
    struct Question {
        qint64 parent = 0;
        std::optional<core::NewMessage> user;  // none: `parent` is the question
        bool isFromComposer = false;
    };

    void refreshList();
    void show(core::Conversation conversation);
    void showBranch();
    Turn turnOf(const core::StoredMessage& message) const;
    const core::StoredMessage* find(qint64 message) const;
    core::StoredMessage* find(qint64 message);
    void ask(Question question);
    void startRun(const core::Conversation& conversation);
    void handleText(AnswerRun::Target target, const QString& text);
    void handleEnd(AnswerRun::Target target, core::MessageState state, const QString& error,
                   const core::MessageStats& stats);
    AnswerRequest requestFor(const core::Conversation& conversation, qint64 lastMessage);
    void setLeaf(qint64 message);
    void saveSettings();
    void takeModels();
    void followModel();
    void updateMeter();
    void readPresets();
    core::Preset currentPreset() const;
    void report(const core::Error& error) { Q_EMIT problem(QString::fromStdString(error.message)); }

    ConversationService& m_service;
    LoadedModels& m_models;
    EngineClient& m_client;
    core::Library m_library;
    std::vector<core::BuiltInModel> m_builtIns;
    ConversationListModel m_list;
    ThreadModel m_thread;
    Draft m_draft;
    PictureCache m_pictures;
    TokenMeter m_meter;

    core::Conversation m_conversation;  // id 0: not in the store yet
    bool m_isNewest = false;            // whether opening is still to be done after the first list
    AnswerRun* m_run = nullptr;         // a child
    bool m_isAsking = false;            // a question is on its way to the store
    bool m_isReading = false;           // the model is ready, the prompt is being read
    QString m_search;
    QString m_draftText;
    QStringList m_names;  // of the library and what is built in
    QList<ModelChoice> m_choices;
    std::vector<core::Preset> m_presets;
    QString m_presetName;
    QTimer m_saveSettings;
};

/// Its name in tr(): the settings that Gemma's authors give.
QString defaultPresetName();

}  // namespace facet::ui
