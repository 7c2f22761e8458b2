#pragma once

// What a run's checkpoints came to on rows that they did not learn from, as two tables: the evaluations, and
// the best and worst rows of one of them.

#include "core/run/evaluation_report.h"

#include <QAbstractTableModel>
#include <QStringList>

#include <filesystem>
#include <vector>

namespace facet::ui {

struct StoredEvaluation {
    std::filesystem::path file;
    core::EvaluationReport report;
};

/// A run's evaluations, the newest first.
class EvaluationTable final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Section { Checkpoint, Rows, BaseLoss, Loss, BaseExact, Exact, When, NumSections };

    using QAbstractTableModel::QAbstractTableModel;

    void show(std::vector<StoredEvaluation> evaluations);

    /// Row of -1: none.
    const StoredEvaluation* at(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::vector<StoredEvaluation> m_evaluations;
};

/// The worst rows of an evaluation, then its best: what was expected, and what each model writes.
class EvaluationSamples final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum SampleRole { IsExactRole = Qt::UserRole };

    using QAbstractTableModel::QAbstractTableModel;

    void show(core::EvaluationReport report);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    const core::EvaluationReport::Sample& sample(int row) const;
    QString text(const QModelIndex& index) const;

    core::EvaluationReport m_report;
};

}  // namespace facet::ui
