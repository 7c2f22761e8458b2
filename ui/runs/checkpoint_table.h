#pragma once

#include "core/run/run_history.h"

#include <QAbstractTableModel>
#include <QList>
#include <QString>

#include <filesystem>
#include <vector>

namespace facet::ui {

/// The checkpoints of one run, the newest first: when, why, how good, how large. What lies on the disk is
/// looked at in a thread of the pool.
class CheckpointTable final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Section { Saved, Why, Validation, Size, NumSections };

    struct Checkpoint {
        int64_t step = 0;
        QString why;
        double validation = 0;  ///< NaN where it was not measured
        std::filesystem::path folder;
        int64_t bytes = -1;  ///< 0: removed since; -1: not known yet
        bool isAdapter = false;
        bool isBest = false;  ///< the lowest validation of those that are there

        bool isThere() const { return bytes > 0; }
    };

    using QAbstractTableModel::QAbstractTableModel;

    /// Those of `history`, of the run in `folder`. The same once more looks for what is new.
    void show(const std::filesystem::path& folder, const core::RunHistory& history);

    /// Row of -1: none.
    const Checkpoint* at(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

Q_SIGNALS:
    void factsChanged();

private:
    struct Facts {
        int64_t bytes = 0;
        bool isAdapter = false;
    };
    void look();
    void take(const QList<std::filesystem::path>& folders, const QList<Facts>& facts);

    std::filesystem::path m_run;
    std::vector<Checkpoint> m_rows;
    bool m_isLooking = false;
    bool m_isStale = false;
};

}  // namespace facet::ui
