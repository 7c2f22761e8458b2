// ChatViewModel: from a question to its answers.

#include "ui/chat/chat_view_model.h"

#include <QRandomGenerator>

#include <algorithm>

namespace facet::ui {

using core::Conversation;
using core::ConversationStore;
using core::Durability;
using core::MessageState;
using core::Result;
using core::StoredMessage;

static constexpr qsizetype kTitleLength = 60;

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
    ask({m_conversation.leaf, std::move(user), /*isFromComposer=*/true, m_isComparing});
}

void ChatViewModel::regenerate(qint64 message)
{
    const StoredMessage* old = find(message);
    if (!old || isAnswering() || m_isAsking)
        return;
    ask({old->role == "user" ? old->id : old->parent, {}, false, m_isComparing});
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
        ask({old->parent, std::move(changed), false, m_isComparing});
        return;
    }
    changed.model = old->model;
    changed.adapters = old->adapters;
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
    std::vector<core::NewMessage> answers;
    for (const Answerer& answerer :
         question.isCompared ? std::vector{side(0), side(1)} : std::vector{chosen()}) {
        core::NewMessage& answer = answers.emplace_back();
        answer.role = "assistant";
        answer.state = MessageState::Writing;
        answer.model = answerer.model.toStdString();
        answer.adapters = answerer.adapters;
        answer.sampling = m_conversation.settings.sampling;
    }
    // What differs is to be who answers, not the luck of the draw.
    if (question.isCompared && !answers[0].sampling->seed) {
        const int64_t seed = QRandomGenerator::global()->bounded(1, 100'000);
        answers[0].sampling->seed = answers[1].sampling->seed = seed;
    }
    m_service.ask<Asked>(
        this, Durability::Power,
        [question, title, answers, id = m_conversation.id,
         settings = m_conversation.settings](ConversationStore& store) -> Result<Asked> {
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
            Asked asked;
            for (core::NewMessage answer : answers) {
                answer.conversation = conversation;
                answer.parent = parent;
                const Result<int64_t> added = store.addMessage(answer);
                if (!added)
                    return added.error();
                asked.answers.push_back(*added);
            }
            // Until somebody chooses, a conversation goes on with its first answer.
            if (Result<void> done = store.setLeaf(conversation, asked.answers.front()); !done)
                return done.error();
            Result<Conversation> loaded = store.load(conversation);
            if (!loaded)
                return loaded.error();
            asked.conversation = std::move(*loaded);
            return asked;
        },
        [this, id = m_conversation.id, isFromComposer = question.isFromComposer](const Result<Asked>& asked) {
            m_isAsking = false;
            if (!asked) {
                report(asked.error());
                return;
            }
            const bool isHere = m_conversation.id == id;
            if (isHere) {
                const core::ConversationSettings settings = m_conversation.settings;
                m_conversation = asked->conversation;
                m_conversation.settings = settings;
                if (isFromComposer) {
                    m_draft.clear();
                    Q_EMIT sent();
                }
            }
            for (const int64_t answer : asked->answers)
                startRun(asked->conversation, answer);
            if (isHere) {
                showBranch();
                Q_EMIT conversationChanged();
            }
            Q_EMIT answeringChanged();
            Q_EMIT activityChanged();
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

void ChatViewModel::startRun(const Conversation& conversation, qint64 answer)
{
    const auto message = std::find_if(conversation.messages.begin(), conversation.messages.end(),
                                      [answer](const StoredMessage& other) { return other.id == answer; });
    const AnswerRun::Target target{conversation.id, answer};
    AnswerRequest request = requestFor(conversation, message->parent);
    request.model = QString::fromStdString(message->model);
    request.sampling = message->sampling.value_or(conversation.settings.sampling);
    auto* run =
        new AnswerRun(m_service, {m_models, m_adapters}, target, std::move(request), message->adapters, this);
    m_runs.append(run);
    connect(run, &AnswerRun::reading, this, &ChatViewModel::activityChanged);
    connect(run, &AnswerRun::textCommitted, this,
            [this, target](const QString& text) { handleText(target, text); });
    connect(run, &AnswerRun::ended, this,
            [this, target](MessageState state, const QString& error, const core::MessageStats& stats) {
                handleEnd(target, state, error, stats);
            });
    run->start();
}

void ChatViewModel::handleText(AnswerRun::Target target, const QString& text)
{
    StoredMessage* message = target.conversation == m_conversation.id ? find(target.message) : nullptr;
    if (!message)
        return;
    message->text += text.toStdString();
    if (const int row = m_thread.rowOf(target.message); row >= 0)
        m_thread.appendText(row, text);
    Q_EMIT textAppended(target.message, text);
    Q_EMIT activityChanged();
}

void ChatViewModel::handleEnd(AnswerRun::Target target, MessageState state, const QString& error,
                              const core::MessageStats& stats)
{
    AnswerRun* run = runOf(target.message);
    m_runs.removeOne(run);
    run->deleteLater();
    StoredMessage* message = target.conversation == m_conversation.id ? find(target.message) : nullptr;
    if (message) {
        message->state = state;
        message->error = error.toStdString();
        message->stats = stats;
        if (const int row = m_thread.rowOf(target.message); row >= 0)
            m_thread.setTurn(row, turnOf(*message));
        updateMeter();
        Q_EMIT comparisonChanged();
    }
    Q_EMIT answeringChanged();
    Q_EMIT activityChanged();
    refreshList();
}

void ChatViewModel::stop()
{
    const QList<AnswerRun*> runs = m_runs;
    for (AnswerRun* run : runs)
        run->stop();
}

}  // namespace facet::ui
