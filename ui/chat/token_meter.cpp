#include "ui/chat/token_meter.h"

#include <algorithm>

namespace facet::ui {

static constexpr int kWaitMs = 250;

TokenMeter::TokenMeter(EngineClient& client, QObject* parent) : QObject(parent), m_client(client)
{
    m_wait.setSingleShot(true);
    m_wait.setInterval(kWaitMs);
    connect(&m_wait, &QTimer::timeout, this, &TokenMeter::ask);
}

void TokenMeter::setSubject(Subject subject)
{
    m_subject = std::move(subject);
    m_wait.start();
}

void TokenMeter::ask()
{
    if (m_numOpen > 0) {
        m_wait.start();
        return;
    }
    if (m_subject.history.model.isEmpty() || m_client.state() != EngineClient::State::Ready) {
        set({});
        return;
    }
    const int round = ++m_round;
    m_hasFailed = false;
    m_whole = m_history = m_system = {};
    const auto count = [this, round](const AnswerRequest& request, TokenCount TokenMeter::*part) {
        ++m_numOpen;
        m_client.tokenize(request, this, [this, round, part](const core::Result<TokenCount>& tokens) {
            --m_numOpen;
            if (tokens && round == m_round)
                this->*part = *tokens;
            else
                m_hasFailed = true;
            if (m_numOpen == 0)
                sum();
        });
    };
    AnswerRequest whole = m_subject.history;
    if (whole.prompt)
        *whole.prompt += m_subject.draft.text;
    else if (!m_subject.draft.text.isEmpty() || !m_subject.draft.pictures.isEmpty())
        whole.turns.append(m_subject.draft);
    const bool isEmpty = whole.prompt ? whole.prompt->isEmpty() : whole.turns.isEmpty();
    if (isEmpty) {
        AnswerRequest nothing = m_subject.history;
        // Only the context's length is of interest.
        nothing.prompt = QStringLiteral(" ");
        count(nothing, &TokenMeter::m_whole);
        return;
    }
    count(whole, &TokenMeter::m_whole);
    const bool hasHistory = m_subject.history.prompt
                                ? !m_subject.history.prompt->isEmpty()
                                : !m_subject.history.turns.isEmpty() &&
                                      m_subject.history.turns.last().role != QStringLiteral("system");
    if (hasHistory)
        count(m_subject.history, &TokenMeter::m_history);
    if (!m_subject.systemPrompt.isEmpty() && !whole.prompt) {
        AnswerRequest system = m_subject.history;
        system.turns.clear();
        system.prompt = m_subject.systemPrompt;
        count(system, &TokenMeter::m_system);
    }
}

void TokenMeter::sum()
{
    if (m_hasFailed) {
        set({});
        return;
    }
    Count count;
    count.contextLength = m_whole.contextLength;
    const bool isEmpty = m_subject.history.turns.isEmpty() && m_subject.draft.text.isEmpty() &&
                         m_subject.draft.pictures.isEmpty() && !m_subject.history.prompt;
    if (!isEmpty) {
        count.system = m_system.tokens;
        count.pictures = m_whole.imageTokens;
        qsizetype numPictures = m_subject.draft.pictures.size();
        for (const ChatTurn& turn : m_subject.history.turns)
            numPictures += turn.pictures.size();
        if (numPictures > 0)
            count.perPicture = m_whole.imageTokens / static_cast<int>(numPictures);
        const int historyText = std::max(0, m_history.tokens - m_history.imageTokens);
        const int wholeText = std::max(0, m_whole.tokens - m_whole.imageTokens);
        const bool hasHistory = m_history.tokens > 0;
        count.text = hasHistory ? std::max(0, historyText - m_system.tokens) : 0;
        count.draft = std::max(0, wholeText - count.text - count.system);
    }
    set(count);
}

void TokenMeter::set(const Count& count)
{
    if (m_count == count)
        return;
    m_count = count;
    Q_EMIT changed();
}

}  // namespace facet::ui
