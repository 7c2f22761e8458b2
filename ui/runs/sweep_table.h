#pragma once

// The runs of one sweep as a table: the values that differ, the state, the losses.

#include "jobs/queue/sweep_results.h"

#include <QAbstractTableModel>

#include <memory>
#include <optional>

namespace facet::ui {

class SweepTable final : public QAbstractTableModel {
    Q_OBJECT

public:
    /// Behind one column for each key of the sweep.
    enum Column { State, Step, Training, BestTraining, Validation, BestValidation, Run, NumColumns };

    explicit SweepTable(std::filesystem::path home, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    QString sweep() const { return m_name; }
    QString problem() const { return m_problem; }  ///< why it cannot be read; "" if it can
    const jobs::SweepResult& result(int row) const { return m_results[static_cast<size_t>(row)]; }

    /// The row with the lowest validation loss, else the lowest of training; -1 while there is none.
    int bestRow() const;

    /// The table as CSV.
    std::string csv() const { return jobs::toCsv(m_record, m_results); }

public Q_SLOTS:
    /// Shows another sweep.
    void setSweep(const QString& name);

    /// Reads what is new, in a thread of the pool.
    void look();

Q_SIGNALS:
    void changed();

private:
    struct Seen {
        jobs::SweepRecord record;
        std::vector<jobs::SweepResult> results;
        QString problem;
    };
    void take(Seen seen);

    std::filesystem::path m_home;
    QString m_name;
    QString m_problem;
    std::shared_ptr<std::optional<jobs::SweepReader>> m_reader;
    jobs::SweepRecord m_record;
    std::vector<jobs::SweepResult> m_results;
    bool m_isLooking = false;
};

}  // namespace facet::ui
