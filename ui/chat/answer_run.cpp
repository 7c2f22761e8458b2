#include "ui/chat/answer_run.h"

namespace facet::ui {

using core::ConversationStore;
using core::Durability;
using core::MessageState;
using core::Result;

AnswerRun::AnswerRun(ConversationService& service, Needs needs, Target target, AnswerRequest request,
                     std::vector<core::UsedAdapter> uses, QObject* parent)
    : QObject(parent),
      m_service(service),
      m_needs(needs),
      m_target(target),
      m_request(std::move(request)),
      m_model(m_request.model),
      m_uses(std::move(uses))
{
    m_showTimer.setSingleShot(true);
    m_showTimer.setInterval(kShowEveryMs);
    connect(&m_showTimer, &QTimer::timeout, this, &AnswerRun::show);
}

core::MessageStats AnswerRun::stats() const
{
    if (m_hasStats)
        return m_stats;
    core::MessageStats stats;
    stats.completionTokens = m_numTokens;
    stats.timeToFirstTokenSeconds = static_cast<double>(m_firstTokenMs) / 1000;
    if (m_numTokens > 1 && m_lastTokenMs > m_firstTokenMs)
        stats.decodeTokensPerSecond =
            1000.0 * (m_numTokens - 1) / static_cast<double>(m_lastTokenMs - m_firstTokenMs);
    return stats;
}

void AnswerRun::start()
{
    m_needs.models.ensureReady(m_model, this, [this](const Result<EngineModel>& model) {
        if (m_ending)
            return;
        if (model)
            loadAdapters(*model);
        else
            finish(MessageState::Failed, QString::fromStdString(model.error().message));
    });
}

void AnswerRun::loadAdapters(const EngineModel& model)
{
    m_request.model = model.id;
    if (m_uses.empty()) {
        ask();
        return;
    }
    QStringList paths;
    for (const core::UsedAdapter& use : m_uses)
        paths << QString::fromStdString(use.path);
    m_needs.adapters.use(paths, this, [this](const Result<QStringList>& ids) {
        if (m_ending)
            return;
        if (!ids) {
            finish(MessageState::Failed, QString::fromStdString(ids.error().message));
            return;
        }
        for (size_t i = 0; i < m_uses.size(); ++i)
            m_request.adapters.append({ids->at(static_cast<qsizetype>(i)), m_uses[i].scale});
        ask();
    });
}

void AnswerRun::ask()
{
    m_isReading = true;
    m_clock.start();
    Q_EMIT reading();
    m_stream = m_needs.models.client().answer(m_request, this);
    connect(m_stream, &AnswerStream::delta, this, &AnswerRun::take);
    connect(m_stream, &AnswerStream::failed, this,
            [this](const QString& sentence) { finish(MessageState::Failed, sentence); });
    connect(m_stream, &AnswerStream::finished, this, [this](const AnswerEnd& end) {
        m_stats = {end.promptTokens,
                   end.completionTokens,
                   end.cachedTokens,
                   end.imageTokens,
                   end.timeToFirstTokenSeconds,
                   end.decodeTokensPerSecond,
                   end.finishReason.toStdString()};
        m_hasStats = true;
        finish(MessageState::Complete, {});
    });
}

void AnswerRun::stop()
{
    if (m_ending)
        return;
    if (m_stream)
        m_stream->cancel();
    finish(MessageState::Stopped, {});
}

void AnswerRun::take(const QString& delta)
{
    if (m_numTokens++ == 0)
        m_firstTokenMs = m_clock.elapsed();
    m_lastTokenMs = m_clock.elapsed();
    m_incoming += delta;
    commitIncoming();
}

/// One append at a time: what arrives meanwhile goes with the next, so the store sets the pace.
void AnswerRun::commitIncoming()
{
    if (m_isCommitting || m_incoming.isEmpty())
        return;
    m_isCommitting = true;
    const QString text = std::exchange(m_incoming, {});
    m_service.ask<bool>(
        this, Durability::Process,
        [message = m_target.message, text = text.toStdString()](ConversationStore& store) -> Result<bool> {
            if (Result<void> done = store.appendText(message, text); !done)
                return done.error();
            return true;
        },
        [this, text](const Result<bool>& done) {
            m_isCommitting = false;
            if (!done) {
                // What cannot be kept is not shown.
                m_incoming.clear();
                if (m_stream)
                    m_stream->cancel();
                finish(MessageState::Failed, QString::fromStdString(done.error().message));
                return;
            }
            m_committed += text;
            if (!m_showTimer.isActive())
                show();
            commitIncoming();
            finishWhenCommitted();
        });
}

void AnswerRun::show()
{
    if (m_committed.isEmpty())
        return;
    m_showTimer.start();
    Q_EMIT textCommitted(std::exchange(m_committed, {}));
}

void AnswerRun::finish(MessageState state, const QString& error)
{
    if (m_ending)
        return;
    m_ending = {state, error};
    finishWhenCommitted();
}

void AnswerRun::finishWhenCommitted()
{
    if (!m_ending || m_isCommitting || m_isEnding)
        return;
    m_isEnding = true;
    const core::MessageStats figures = stats();
    const auto [state, error] = *m_ending;
    m_service.ask<bool>(
        this, Durability::Power,
        [message = m_target.message, state = state, error = error.toStdString(),
         figures](ConversationStore& store) -> Result<bool> {
            if (Result<void> done = store.finishMessage(message, state, error, figures); !done)
                return done.error();
            return true;
        },
        [this, figures](const Result<bool>& done) {
            m_showTimer.stop();
            show();
            m_showTimer.stop();
            const auto [endState, endError] = *m_ending;
            if (done)
                Q_EMIT ended(endState, endError, figures);
            else
                Q_EMIT ended(MessageState::Failed, QString::fromStdString(done.error().message), figures);
        });
}

}  // namespace facet::ui
