// ChatViewModel: adapters, and two answers side by side. A pair is nothing of its own in the
// store: two answers of one question that were begun in one go, with the same settings and seed.

#include "ui/chat/chat_view_model.h"

#include <algorithm>

namespace facet::ui {

using core::StoredMessage;

static constexpr int64_t kOneGoMs = 100;

Answerer ChatViewModel::chosen() const
{
    return {model(), m_conversation.settings.adapters};
}

void ChatViewModel::setAdapters(const std::vector<core::UsedAdapter>& adapters)
{
    if (adapters == m_conversation.settings.adapters)
        return;
    m_conversation.settings.adapters = adapters;
    m_saveSettings.start();
    Q_EMIT settingsChanged();
    Q_EMIT comparisonChanged();
}

void ChatViewModel::addAdapter(const QString& path, const QString& name)
{
    std::vector<core::UsedAdapter> adapters = m_conversation.settings.adapters;
    if (std::ranges::find(adapters, path.toStdString(), &core::UsedAdapter::path) != adapters.end())
        return;
    adapters.push_back({path.toStdString(), name.toStdString(), 1});
    setAdapters(adapters);
}

void ChatViewModel::chatWith(const QString& model, const QString& path, const QString& name)
{
    newConversation();
    setModel(model);
    if (path.isEmpty())
        setAdapters({});
    else
        setAdapters({{path.toStdString(), name.toStdString(), 1}});
}

void ChatViewModel::setComparing(bool isOn)
{
    if (isOn == m_isComparing)
        return;
    m_isComparing = isOn;
    Q_EMIT comparisonChanged();
}

Answerer ChatViewModel::side(int index) const
{
    const std::optional<Answerer>& set = m_sides[static_cast<size_t>(index)];
    if (!set)
        return index == 0 ? Answerer{model(), {}} : chosen();
    // Of an adapter that is picked the scale is set there.
    Answerer answerer = *set;
    for (core::UsedAdapter& adapter : answerer.adapters)
        for (const core::UsedAdapter& picked : m_conversation.settings.adapters)
            if (picked.path == adapter.path)
                adapter.scale = picked.scale;
    return answerer;
}

void ChatViewModel::setSide(int index, const Answerer& answerer)
{
    m_sides[static_cast<size_t>(index)] = answerer;
    Q_EMIT comparisonChanged();
}

std::optional<Turn> ChatViewModel::turn(qint64 message) const
{
    const StoredMessage* stored = find(message);
    return stored ? std::optional(turnOf(*stored)) : std::nullopt;
}

AnswerPair ChatViewModel::pair() const
{
    const auto isPair = [](const StoredMessage& left, const StoredMessage& right) {
        return left.sampling && left.sampling->seed && left.sampling == right.sampling &&
               right.createdAtMs - left.createdAtMs < kOneGoMs;
    };
    const std::vector<const StoredMessage*> branch = core::branchTo(m_conversation, m_conversation.leaf);
    const auto question = std::find_if(branch.rbegin(), branch.rend(),
                                       [](const StoredMessage* message) { return message->role == "user"; });
    if (question == branch.rend())
        return {};
    std::vector<const StoredMessage*> answers;
    for (const StoredMessage& message : m_conversation.messages)
        if (message.parent == (*question)->id && message.role == "assistant")
            answers.push_back(&message);
    const size_t count = answers.size();
    if (count < 2 || !isPair(*answers[count - 2], *answers[count - 1]))
        return {};
    return {(*question)->id, {answers[count - 2]->id, answers[count - 1]->id}};
}

int ChatViewModel::keptSide() const
{
    const AnswerPair pair = this->pair();
    for (const StoredMessage* message : core::branchTo(m_conversation, m_conversation.leaf))
        for (size_t side = 0; side < 2; ++side)
            if (pair.answers[side] != 0 && message->id == pair.answers[side])
                return static_cast<int>(side);
    return -1;
}

void ChatViewModel::keep(int side)
{
    const qint64 answer = pair().answers[static_cast<size_t>(side)];
    if (answer != 0)
        setLeaf(core::newestLeafBelow(m_conversation, answer));
}

}  // namespace facet::ui
