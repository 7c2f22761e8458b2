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

QString defaultPresetName()
{
    return ChatViewModel::tr("Gemma default");
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

ChatViewModel::ChatViewModel(ConversationService& service, LoadedModels& models, RunList& runs,
                             core::Library library, std::vector<core::BuiltInModel> builtIns, QObject* parent)
    : QObject(parent),
      m_service(service),
      m_models(models),
      m_trained(runs),
      m_client(models.client()),
      m_adapters(m_client),
      m_adapterOffers(runs, m_adapters, library, builtIns),
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
        followAdapters();
        Q_EMIT activityChanged();
    });
    connect(this, &ChatViewModel::conversationChanged, this, &ChatViewModel::followAdapters);
    connect(&m_client, &EngineClient::stateChanged, this, &ChatViewModel::activityChanged);
    connect(&m_adapterOffers, &AdapterList::refused, this, &ChatViewModel::problem);
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
    m_trained.look();
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

bool ChatViewModel::isAnsweringHere() const
{
    return std::ranges::any_of(
        m_runs, [this](const AnswerRun* run) { return run->target().conversation == m_conversation.id; });
}

AnswerRun* ChatViewModel::runOf(qint64 message) const
{
    const auto found = std::ranges::find_if(
        m_runs, [message](const AnswerRun* run) { return run->target().message == message; });
    return found == m_runs.end() ? nullptr : *found;
}

QString ChatViewModel::activity(qint64 message) const
{
    const AnswerRun* run = runOf(message);
    if (!run)
        return {};
    if (!run->isWaiting())
        return tr("Writing");
    if (run->isReading())
        return tr("Reading");
    if (m_client.state() != EngineClient::State::Ready)
        return m_client.stateText();
    const EngineModel* loading = m_models.find(run->model());
    if (loading && loading->state == EngineModel::State::Loading)
        return tr("Loading %1, %2 %").arg(run->model()).arg(static_cast<int>(loading->progress * 100));
    return loading ? tr("Loading adapters") : tr("Loading %1").arg(run->model());
}

core::MessageStats ChatViewModel::runningStats(qint64 message) const
{
    const AnswerRun* run = runOf(message);
    return run ? run->stats() : core::MessageStats{};
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
    m_sides = {};
    for (AnswerRun* run : m_runs)
        if (run->target().conversation == m_conversation.id)
            run->forgetCommitted();
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
    for (AnswerRun* run : m_runs)
        if (run->target().conversation == conversation)
            run->stop();
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
    turn.adapters = message.adapters;
    turn.sampling = message.sampling;
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
    Q_EMIT comparisonChanged();
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

}  // namespace facet::ui
