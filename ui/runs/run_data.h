#pragma once

// What one run told, kept up to date while somebody looks at it.

#include "core/run/run_history.h"

#include <QObject>
#include <QTimer>

#include <memory>

namespace facet::ui {

class RunData final : public QObject {
    Q_OBJECT

public:
    explicit RunData(std::filesystem::path events, QObject* parent = nullptr);

    const core::RunHistory& history() const { return m_history; }
    bool isRead() const { return m_isRead; }  ///< all that there was at the beginning
    QString problem() const { return m_problem; }

Q_SIGNALS:
    void changed();

private:
    void poll();

    std::shared_ptr<core::HistoryReader> m_reader;
    core::RunHistory m_history;
    QString m_problem;
    QTimer m_timer;
    bool m_isRead = false;
};

/// What an x axis counts: steps, tokens, or seconds since the run's first step.
enum class AxisKind { Step, Tokens, Time };

}  // namespace facet::ui
