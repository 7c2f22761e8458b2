#pragma once

#include "jobs/job/job_settings.h"

#include <QAbstractTableModel>
#include <QStringList>

#include <filesystem>
#include <vector>

namespace facet::ui {

/// Where the jobs of several runs differ: a row for each such setting, a column for each run. Names and
/// folders are no differences.
class JobDiffTable final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Role { IsOddRole = Qt::UserRole };  ///< whether it is not what the first run has

    struct Job {
        QString name;
        jobs::Settings settings;
    };

    using QAbstractTableModel::QAbstractTableModel;

    void show(std::vector<Job> jobs);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString text(size_t row, size_t job) const;

    std::vector<Job> m_jobs;
    std::vector<std::string> m_keys;
};

}  // namespace facet::ui
