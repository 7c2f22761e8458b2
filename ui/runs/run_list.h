#pragma once

// All runs as a list, looked at each second: name, tags, state, progress, loss, time left.

#include "core/run/observed_run.h"

#include <QAbstractListModel>
#include <QTimer>

#include <memory>
#include <optional>

namespace facet::ui {

class RunList final : public QAbstractListModel {
    Q_OBJECT

public:
    enum RunRole { NameRole = Qt::DisplayRole, PathRole = Qt::UserRole, ConditionRole, TagsRole };

    explicit RunList(std::vector<std::filesystem::path> places, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

    const core::ObservedRun& run(int row) const { return m_runs[static_cast<size_t>(row)]; }
    const core::ObservedRun* find(const QString& path) const;
    int numUnderWay() const;

    /// Before the first look nobody knows whether there are runs.
    bool hasLooked() const { return m_hasLooked; }

    /// What the rows are, from now on.
    void take(std::vector<core::ObservedRun> runs);

public Q_SLOTS:
    /// Looks now, in a thread of the pool, and from now on each second.
    void look();

Q_SIGNALS:
    void looked();

    /// A run that was under way is not any more.
    void ended(const QString& path);

private:
    std::shared_ptr<core::RunObserver> m_observer;
    std::vector<core::ObservedRun> m_runs;
    QTimer m_timer;
    bool m_isLooking = false;
    bool m_hasLooked = false;
};

}  // namespace facet::ui
