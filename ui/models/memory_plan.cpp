#include "ui/models/memory_plan.h"

#include <algorithm>

namespace facet::ui {

MemoryPlan::MemoryPlan(EngineClient& client, QObject* parent) : QObject(parent), m_client(client)
{
    m_delay.setSingleShot(true);
    m_delay.setInterval(120);
    connect(&m_delay, &QTimer::timeout, this, &MemoryPlan::ask);
}

qint64 MemoryPlan::availableBytes() const
{
    qint64 most = 0;
    for (const Row& row : m_rows)
        if (row.estimate)
            most = std::max(most, row.estimate->availableBytes);
    return most;
}

void MemoryPlan::setTarget(const LoadRequest& target)
{
    ++m_round;
    m_target = target;
    m_rows = {};
    if (target.model.isEmpty())
        m_delay.stop();
    else
        m_delay.start();
    Q_EMIT changed();
}

void MemoryPlan::ask()
{
    for (size_t i = 0; i < kWeights.size(); ++i) {
        LoadRequest request = m_target;
        request.weights = QString::fromLatin1(kWeights[i]);
        m_client.estimate(request, this,
                          [this, i, round = m_round](const core::Result<LoadEstimate>& estimate) {
                              if (round != m_round)
                                  return;
                              if (estimate)
                                  m_rows[i].estimate = *estimate;
                              else
                                  m_rows[i].problem = QString::fromStdString(estimate.error().message);
                              Q_EMIT changed();
                          });
    }
}

}  // namespace facet::ui
