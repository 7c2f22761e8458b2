#pragma once

// The Chat page without widgets: which conversation is open, which branch of it, what is being written, and
// all that a user may do. The store and the engine are asked, never waited for.

#include "core/models/model_ref.h"
#include "ui/chat/adapter_list.h"
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

#include <array>
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

/// What answers: a model with adapters on it, or without.
struct Answerer {
    QString model;
    std::vector<core::UsedAdapter> adapters;

    bool operator==(const Answerer&) const = default;
};

/// Two answers to one question, with the same seed. Ids of messages, 0 where there is none.
struct AnswerPair {
    qint64 question = 0;
    std::array<qint64, 2> answers = {0, 0};

    bool operator==(const AnswerPair&) const = default;
};

enum class ExportFormat { Markdown, Json };

class ChatViewModel final : public QObject {
    Q_OBJECT

public:
    /// `service`, `models` and `runs` must outlive this object.
    ChatViewModel(ConversationService& service, LoadedModels& models, RunList& runs, core::Library library,
                  std::vector<core::BuiltInModel> builtIns, QObject* parent = nullptr);
    ~ChatViewModel() override;

    ConversationListModel& conversations() { return m_list; }
    ThreadModel& thread() { return m_thread; }
    Draft& draft() { return m_draft; }
    PictureCache& pictures() { return m_pictures; }
    TokenMeter& meter() { return m_meter; }
    EngineClient& client() { return m_client; }
    AdapterList& adapterOffers() { return m_adapterOffers; }

    qint64 currentId() const { return m_conversation.id; }
    QString title() const;
    const core::ConversationSettings& settings() const { return m_conversation.settings; }
    QString model() const;
    const QList<ModelChoice>& modelChoices() const { return m_choices; }

    /// A base model is chosen: it goes on with a text.
    bool isCompletion() const { return m_conversation.settings.isCompletion; }

    bool isAnswering() const { return !m_runs.isEmpty(); }
    bool isAnsweringHere() const;

    /// "Loading demo, 42 %", "Reading", "Writing": what the engine does for a message; "" if nothing.
    QString activity(qint64 message) const;

    /// "48 tokens, 97.1 tok/s, first after 38 ms" of an answer under way.
    core::MessageStats runningStats(qint64 message) const;

    /// The turn of any message of the open conversation, whether its branch is shown or not.
    std::optional<Turn> turn(qint64 message) const;

    // Two answers side by side

    bool isComparing() const { return m_isComparing; }

    /// Who answers on side 0 (A) and 1 (B). Unless they were set: the model alone, and with the picked
    /// adapters.
    Answerer side(int index) const;

    /// The newest question of the shown branch that was answered for a comparison, with its two answers.
    AnswerPair pair() const;

    /// Side of pair() that the conversation goes on with; -1 without one.
    int keptSide() const;

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

    /// Which adapters take part in answers from now on.
    void setAdapters(const std::vector<facet::core::UsedAdapter>& adapters);

    /// With a scale of 1, behind those that are there. Nothing if it is among them.
    void addAdapter(const QString& path, const QString& name);

    /// A new conversation with what was trained: an adapter, or (where `path` is "") the model alone.
    void chatWith(const QString& model, const QString& path, const QString& name);

    void setComparing(bool isOn);
    void setSide(int index, const facet::ui::Answerer& answerer);

    /// The conversation goes on with this side of pair().
    void keep(int side);
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
    void comparisonChanged();  ///< whether there is one, its sides, or its pair
    void textAppended(qint64 message, const QString& text);
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
        bool isCompared = false;  // both sides answer
    };

    /// What a question became in the store.
    struct Asked {
        core::Conversation conversation;
        std::vector<int64_t> answers;
    };

    void refreshList();
    void show(core::Conversation conversation);
    void showBranch();
    Turn turnOf(const core::StoredMessage& message) const;
    const core::StoredMessage* find(qint64 message) const;
    core::StoredMessage* find(qint64 message);
    void ask(Question question);
    void startRun(const core::Conversation& conversation, qint64 answer);
    AnswerRun* runOf(qint64 message) const;
    void handleText(AnswerRun::Target target, const QString& text);
    void handleEnd(AnswerRun::Target target, core::MessageState state, const QString& error,
                   const core::MessageStats& stats);
    Answerer chosen() const;
    AnswerRequest requestFor(const core::Conversation& conversation, qint64 lastMessage);
    void setLeaf(qint64 message);
    void saveSettings();
    void takeModels();
    void followModel();
    void followAdapters();
    void updateMeter();
    void readPresets();
    core::Preset currentPreset() const;
    void report(const core::Error& error) { Q_EMIT problem(QString::fromStdString(error.message)); }

    ConversationService& m_service;
    LoadedModels& m_models;
    RunList& m_trained;
    EngineClient& m_client;
    LoadedAdapters m_adapters;
    AdapterList m_adapterOffers;
    core::Library m_library;
    std::vector<core::BuiltInModel> m_builtIns;
    ConversationListModel m_list;
    ThreadModel m_thread;
    Draft m_draft;
    PictureCache m_pictures;
    TokenMeter m_meter;

    core::Conversation m_conversation;  // id 0: not in the store yet
    bool m_isNewest = false;            // whether opening is still to be done after the first list
    QList<AnswerRun*> m_runs;           // children; two where answers are compared
    bool m_isAsking = false;            // a question is on its way to the store
    bool m_isComparing = false;
    std::array<std::optional<Answerer>, 2> m_sides;
    QString m_search;
    QString m_draftText;
    QStringList m_names;  // of the library and what is built in
    QList<ModelChoice> m_choices;
    std::vector<core::Preset> m_presets;
    QString m_presetName;
    QTimer m_saveSettings;
};

/// A model as people call it: its name, "receipts-4b-full, step 600" for a run's checkpoint.
QString shownName(const QString& model);

/// Its name in tr(): the settings that Gemma's authors give.
QString defaultPresetName();

}  // namespace facet::ui
