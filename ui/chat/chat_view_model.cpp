#include "ui/chat/chat_view_model.h"

#include "ui/background.h"

#include <algorithm>

namespace facet::ui {

using core::Conversation;
using core::ConversationStore;
using core::Durability;
using core::MessageState;
using core::Result;
using core::StoredMessage;

static constexpr int kSaveSettingsMs = 300;
static constexpr qsizetype kTitleLength = 60;

QString defaultPresetName()
{
    return ChatViewModel::tr("Gemma default");
}

/// The first line of the first question, as people would name it.
static QString titleFrom(const QString& text, bool hasPictures)
{
    const QString line = text.trimmed().section(u'\n', 0, 0).simplified();
    if (line.isEmpty())
        return hasPictures ? ChatViewModel::tr("Picture") : ChatViewModel::tr("New conversation");
    if (line.size() <= kTitleLength)
        return line;
    const qsizetype space = line.lastIndexOf(u' ', kTitleLength);
    return line.left(space > kTitleLength / 2 ? space : kTitleLength) + u'…';
}

/// A task that gives nothing back, as one that ask() takes.
template <typename Task>
static std::function<Result<bool>(ConversationStore&)> quietly(Task task)
{
    return [task = std::move(task)](ConversationStore& store) -> Result<bool> {
        if (Result<void> done = task(store); !done)
            return done.error();
        return true;
    };
}

ChatViewModel::ChatViewModel(ConversationService& service, LoadedModels& models, core::Library library,
                             std::vector<core::BuiltInModel> builtIns, QObject* parent)
    : QObject(parent),
      m_service(service),
      m_models(models),
      m_client(models.client()),
      m_library(std::move(library)),
      m_builtIns(std::move(builtIns)),
      m_draft(service.attachments()),
      m_pictures(service.attachments()),
      m_meter(m_client),
      m_presetName(defaultPresetName())
{
    m_saveSettings.setSingleShot(true);
    m_saveSettings.setInterval(kSaveSettingsMs);
    connect(&m_saveSettings, &QTimer::timeout, this, &ChatViewModel::saveSettings);
    connect(&m_models, &LoadedModels::changed, this, [this] {
        takeModels();
        followModel();
        updateMeter();
        Q_EMIT activityChanged();
    });
    connect(&m_client, &EngineClient::stateChanged, this, &ChatViewModel::activityChanged);
    connect(&m_draft, &Draft::changed, this, &ChatViewModel::updateMeter);
    connect(&m_draft, &Draft::refused, this, &ChatViewModel::problem);
    connect(&m_thread, &QAbstractItemModel::rowsInserted, this, &ChatViewModel::updateMeter);
    connect(&m_thread, &QAbstractItemModel::rowsRemoved, this, &ChatViewModel::updateMeter);
}

ChatViewModel::~ChatViewModel()
{
    if (m_saveSettings.isActive())
        saveSettings();
}

void ChatViewModel::start()
{
    m_isNewest = true;
    refreshList();
    refreshModels();
    readPresets();
}

QString ChatViewModel::title() const
{
    return m_conversation.id == 0 ? tr("New conversation") : QString::fromStdString(m_conversation.title);
}

QString ChatViewModel::model() const
{
    return QString::fromStdString(m_conversation.settings.model);
}

QString ChatViewModel::activity() const
{
    if (!isAnsweringHere())
        return {};
    if (!m_run->isWaiting())
        return tr("Writing");
    if (m_isReading)
        return tr("Reading");
    if (m_client.state() != EngineClient::State::Ready)
        return m_client.stateText();
    const EngineModel* loading = m_models.find(model());
    if (loading && loading->state == EngineModel::State::Loading)
        return tr("Loading %1, %2 %").arg(model()).arg(static_cast<int>(loading->progress * 100));
    return tr("Loading %1").arg(model());
}

core::MessageStats ChatViewModel::runningStats() const
{
    return m_run ? m_run->stats() : core::MessageStats{};
}

// --- the list --------------------------------------------------------------------------------------------

void ChatViewModel::refreshList()
{
    m_service.ask<std::vector<core::ConversationSummary>>(
        this, Durability::Process,
        [search = m_search.toStdString()](ConversationStore& store) { return store.list(search); },
        [this](const Result<std::vector<core::ConversationSummary>>& rows) {
            if (!rows) {
                report(rows.error());
                return;
            }
            m_list.setConversations(*rows);
            if (std::exchange(m_isNewest, false) && !rows->empty() && m_conversation.id == 0)
                open(rows->front().id);
        });
}

void ChatViewModel::setSearch(const QString& words)
{
    m_search = words;
    refreshList();
}

void ChatViewModel::newConversation()
{
    m_isNewest = false;
    if (m_conversation.id == 0)
        return;
    Conversation conversation;
    conversation.settings = m_conversation.settings;
    show(std::move(conversation));
}

void ChatViewModel::open(qint64 conversation)
{
    m_isNewest = false;
    if (conversation == m_conversation.id)
        return;
    if (m_saveSettings.isActive())
        saveSettings();
    m_service.ask<Conversation>(
        this, Durability::Process,
        [conversation](ConversationStore& store) { return store.load(conversation); },
        [this](const Result<Conversation>& loaded) {
            if (loaded)
                show(*loaded);
            else
                report(loaded.error());
        });
}

void ChatViewModel::show(Conversation conversation)
{
    m_conversation = std::move(conversation);
    if (isAnsweringHere())
        m_run->forgetCommitted();
    if (m_conversation.settings.model.empty() && !m_names.isEmpty())
        m_conversation.settings.model = m_names.first().toStdString();
    m_thread.setTurns({});
    showBranch();
    followModel();
    Q_EMIT conversationChanged();
    Q_EMIT settingsChanged();
    Q_EMIT answeringChanged();
    Q_EMIT activityChanged();
    updateMeter();
}

void ChatViewModel::rename(qint64 conversation, const QString& title)
{
    if (title.simplified().isEmpty())
        return;
    if (conversation == m_conversation.id) {
        m_conversation.title = title.simplified().toStdString();
        Q_EMIT conversationChanged();
    }
    m_service.ask<bool>(this, Durability::Power,
                        quietly([conversation, name = title.simplified().toStdString()](
                                    ConversationStore& store) { return store.rename(conversation, name); }),
                        [this](const Result<bool>& done) {
                            if (!done)
                                report(done.error());
                            refreshList();
                        });
}

void ChatViewModel::remove(qint64 conversation)
{
    if (m_run && m_run->target().conversation == conversation)
        stop();
    const int row = m_list.rowOf(conversation);
    const QString name =
        row < 0 ? QString() : m_list.data(m_list.index(row), ConversationListModel::TitleRole).toString();
    m_service.ask<bool>(this, Durability::Power, quietly([conversation](ConversationStore& store) {
                            return store.setTrashed(conversation, true);
                        }),
                        [this, conversation, name](const Result<bool>& done) {
                            if (!done) {
                                report(done.error());
                                return;
                            }
                            if (conversation == m_conversation.id)
                                newConversation();
                            refreshList();
                            Q_EMIT trashed(conversation, name);
                        });
}

void ChatViewModel::restore(qint64 conversation)
{
    m_service.ask<bool>(this, Durability::Power, quietly([conversation](ConversationStore& store) {
                            return store.setTrashed(conversation, false);
                        }),
                        [this, conversation](const Result<bool>& done) {
                            if (!done) {
                                report(done.error());
                                return;
                            }
                            refreshList();
                            open(conversation);
                        });
}

// --- the thread ------------------------------------------------------------------------------------------

const StoredMessage* ChatViewModel::find(qint64 message) const
{
    const auto found = std::find_if(m_conversation.messages.begin(), m_conversation.messages.end(),
                                    [message](const StoredMessage& other) { return other.id == message; });
    return found == m_conversation.messages.end() ? nullptr : &*found;
}

StoredMessage* ChatViewModel::find(qint64 message)
{
    return const_cast<StoredMessage*>(std::as_const(*this).find(message));
}

Turn ChatViewModel::turnOf(const StoredMessage& message) const
{
    Turn turn;
    turn.id = message.id;
    turn.isUser = message.role == "user";
    turn.text = QString::fromStdString(message.text);
    turn.pictures = {message.pictures.begin(), message.pictures.end()};
    turn.state = message.state;
    turn.error = QString::fromStdString(message.error);
    turn.model = QString::fromStdString(message.model);
    turn.stats = message.stats;
    turn.numVersions = 0;
    for (const StoredMessage& other : m_conversation.messages)
        if (other.parent == message.parent) {
            ++turn.numVersions;
            if (other.id == message.id)
                turn.version = turn.numVersions;
        }
    return turn;
}

void ChatViewModel::showBranch()
{
    QList<Turn> turns;
    for (const StoredMessage* message : core::branchTo(m_conversation, m_conversation.leaf))
        turns.append(turnOf(*message));
    m_thread.setTurns(turns);
}

void ChatViewModel::setLeaf(qint64 message)
{
    m_conversation.leaf = message;
    showBranch();
    m_service.ask<bool>(this, Durability::Process,
                        quietly([conversation = m_conversation.id, message](ConversationStore& store) {
                            return store.setLeaf(conversation, message);
                        }),
                        [this](const Result<bool>& done) {
                            if (!done)
                                report(done.error());
                        });
}

void ChatViewModel::showVersion(qint64 message, int step)
{
    const StoredMessage* shown = find(message);
    if (!shown)
        return;
    std::vector<qint64> siblings;
    for (const StoredMessage& other : m_conversation.messages)
        if (other.parent == shown->parent)
            siblings.push_back(other.id);
    const auto at = std::find(siblings.begin(), siblings.end(), message) - siblings.begin() + step;
    if (at >= 0 && at < static_cast<qint64>(siblings.size()))
        setLeaf(core::newestLeafBelow(m_conversation, siblings[static_cast<size_t>(at)]));
}

void ChatViewModel::branchFrom(qint64 message)
{
    if (find(message))
        setLeaf(message);
}

// --- asking ----------------------------------------------------------------------------------------------

void ChatViewModel::send(const QString& text)
{
    if (isAnswering() || m_isAsking || m_draft.numUnderWay() > 0 ||
        (text.trimmed().isEmpty() && m_draft.pictures().isEmpty()))
        return;
    core::NewMessage user;
    user.role = "user";
    // A text to go on with is taken as it is: its spaces count.
    user.text = (isCompletion() ? text : text.trimmed()).toStdString();
    user.pictures = {m_draft.pictures().begin(), m_draft.pictures().end()};
    ask({m_conversation.leaf, std::move(user), /*isFromComposer=*/true});
}

void ChatViewModel::regenerate(qint64 message)
{
    const StoredMessage* old = find(message);
    if (!old || isAnswering() || m_isAsking)
        return;
    ask({old->role == "user" ? old->id : old->parent, {}, false});
}

void ChatViewModel::edit(qint64 message, const QString& text)
{
    const StoredMessage* old = find(message);
    if (!old || isAnswering() || m_isAsking)
        return;
    core::NewMessage changed;
    changed.conversation = m_conversation.id;
    changed.parent = old->parent;
    changed.role = old->role;
    changed.text = text.toStdString();
    changed.pictures = old->pictures;
    if (old->role == "user") {
        ask({old->parent, std::move(changed), false});
        return;
    }
    changed.model = old->model;
    m_service.ask<Conversation>(
        this, Durability::Power,
        [changed](ConversationStore& store) -> Result<Conversation> {
            if (const Result<int64_t> id = store.addMessage(changed); !id)
                return id.error();
            return store.load(changed.conversation);
        },
        [this](const Result<Conversation>& loaded) {
            if (!loaded) {
                report(loaded.error());
                return;
            }
            if (loaded->id != m_conversation.id)
                return;
            m_conversation.messages = loaded->messages;
            m_conversation.leaf = loaded->leaf;
            showBranch();
        });
}

/// Puts the question and the place of its answer into the store, durably, before anything is shown or asked.
void ChatViewModel::ask(Question question)
{
    if (m_conversation.settings.model.empty()) {
        Q_EMIT problem(tr("No model is chosen: choose one above, or import one on the Models page."));
        return;
    }
    const EngineModel* model = m_models.find(this->model());
    if (question.user && !question.user->pictures.empty() && model &&
        model->state == EngineModel::State::Ready && !model->hasVision) {
        Q_EMIT problem(
            tr("%1 reads no pictures: take them away or choose another model.").arg(this->model()));
        return;
    }
    m_isAsking = true;
    if (m_saveSettings.isActive())
        saveSettings();
    const std::string title =
        titleFrom(question.user ? QString::fromStdString(question.user->text) : QString(),
                  question.user && !question.user->pictures.empty())
            .toStdString();
    m_service.ask<Conversation>(
        this, Durability::Power,
        [question, title, id = m_conversation.id,
         settings = m_conversation.settings](ConversationStore& store) -> Result<Conversation> {
            int64_t conversation = id;
            if (conversation == 0) {
                const Result<int64_t> added = store.addConversation(title, settings);
                if (!added)
                    return added.error();
                conversation = *added;
            }
            int64_t parent = question.parent;
            if (question.user) {
                core::NewMessage user = *question.user;
                user.conversation = conversation;
                user.parent = parent;
                const Result<int64_t> added = store.addMessage(user);
                if (!added)
                    return added.error();
                parent = *added;
            }
            core::NewMessage answer;
            answer.conversation = conversation;
            answer.parent = parent;
            answer.role = "assistant";
            answer.state = MessageState::Writing;
            answer.model = settings.model;
            answer.sampling = settings.sampling;
            if (const Result<int64_t> added = store.addMessage(answer); !added)
                return added.error();
            return store.load(conversation);
        },
        [this, id = m_conversation.id,
         isFromComposer = question.isFromComposer](const Result<Conversation>& loaded) {
            m_isAsking = false;
            if (!loaded) {
                report(loaded.error());
                return;
            }
            if (m_conversation.id == id) {
                const core::ConversationSettings settings = m_conversation.settings;
                m_conversation = *loaded;
                m_conversation.settings = settings;
                if (isFromComposer) {
                    m_draft.clear();
                    Q_EMIT sent();
                }
                startRun(*loaded);
                showBranch();
                Q_EMIT conversationChanged();
            } else
                startRun(*loaded);
            refreshList();
        });
}

AnswerRequest ChatViewModel::requestFor(const Conversation& conversation, qint64 lastMessage)
{
    AnswerRequest request;
    request.model = QString::fromStdString(conversation.settings.model);
    request.sampling = conversation.settings.sampling;
    const std::vector<const StoredMessage*> branch = core::branchTo(conversation, lastMessage);
    if (conversation.settings.isCompletion) {
        request.prompt = QString();
        for (const StoredMessage* message : branch)
            *request.prompt += QString::fromStdString(message->text);
        return request;
    }
    if (!conversation.settings.systemPrompt.empty())
        request.turns.append(
            {QStringLiteral("system"), QString::fromStdString(conversation.settings.systemPrompt), {}});
    for (const StoredMessage* message : branch) {
        // Roles have to take turns: an answer that never began is left out, and the questions around it are
        // one.
        if (message->role != "user" && message->text.empty())
            continue;
        ChatTurn turn{QString::fromStdString(message->role), QString::fromStdString(message->text), {}};
        for (const core::Picture& picture : message->pictures)
            turn.pictures.append(QString::fromStdString(m_service.attachments().pathOf(picture).string()));
        if (!request.turns.isEmpty() && request.turns.last().role == turn.role) {
            request.turns.last().text += QStringLiteral("\n\n") + turn.text;
            request.turns.last().pictures += turn.pictures;
        } else
            request.turns.append(turn);
    }
    return request;
}

void ChatViewModel::startRun(const Conversation& conversation)
{
    const qint64 answer = conversation.leaf;
    const auto message = std::find_if(conversation.messages.begin(), conversation.messages.end(),
                                      [answer](const StoredMessage& other) { return other.id == answer; });
    const AnswerRun::Target target{conversation.id, answer};
    m_isReading = false;
    m_run =
        new AnswerRun(m_service, m_client, m_models, target, requestFor(conversation, message->parent), this);
    connect(m_run, &AnswerRun::reading, this, [this] {
        m_isReading = true;
        Q_EMIT activityChanged();
    });
    connect(m_run, &AnswerRun::textCommitted, this,
            [this, target](const QString& text) { handleText(target, text); });
    connect(m_run, &AnswerRun::ended, this,
            [this, target](MessageState state, const QString& error, const core::MessageStats& stats) {
                handleEnd(target, state, error, stats);
            });
    m_run->start();
    Q_EMIT answeringChanged();
    Q_EMIT activityChanged();
}

void ChatViewModel::handleText(AnswerRun::Target target, const QString& text)
{
    StoredMessage* message = target.conversation == m_conversation.id ? find(target.message) : nullptr;
    if (!message)
        return;
    message->text += text.toStdString();
    if (const int row = m_thread.rowOf(target.message); row >= 0)
        m_thread.appendText(row, text);
    Q_EMIT activityChanged();
}

void ChatViewModel::handleEnd(AnswerRun::Target target, MessageState state, const QString& error,
                              const core::MessageStats& stats)
{
    m_run->deleteLater();
    m_run = nullptr;
    StoredMessage* message = target.conversation == m_conversation.id ? find(target.message) : nullptr;
    if (message) {
        message->state = state;
        message->error = error.toStdString();
        message->stats = stats;
        if (const int row = m_thread.rowOf(target.message); row >= 0)
            m_thread.setTurn(row, turnOf(*message));
        updateMeter();
    }
    Q_EMIT answeringChanged();
    Q_EMIT activityChanged();
    refreshList();
}

void ChatViewModel::stop()
{
    if (m_run)
        m_run->stop();
}

}  // namespace facet::ui
