#include "ui/runs/run_data.h"

#include "ui/background.h"

#include <chrono>

namespace facet::ui {

RunData::RunData(std::filesystem::path events, QObject* parent)
    : QObject(parent), m_reader(std::make_shared<core::HistoryReader>(std::move(events)))
{
    // A point has to be on the screen half a second after it was written.
    m_timer.setInterval(std::chrono::milliseconds(200));
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &RunData::poll);
    poll();
}

void RunData::poll()
{
    using News = core::Result<core::HistoryReader::News>;
    runInBackground(
        this, [reader = m_reader] { return std::make_shared<News>(reader->poll()); },
        [this](const std::shared_ptr<News>& news) {
            m_timer.start();
            const QString problem = *news ? QString() : QString::fromStdString(news->error().message);
            const bool wasRead = std::exchange(m_isRead, true);
            bool isNew = !wasRead || problem != m_problem;
            m_problem = problem;
            if (*news) {
                isNew = isNew || (*news)->isAnew || !(*news)->history.isEmpty();
                if ((*news)->isAnew)
                    m_history = {};
                m_history.append(std::move((*news)->history));
            }
            if (isNew)
                Q_EMIT changed();
        });
}

}  // namespace facet::ui
