#pragma once

#include "ui/clusters/cluster_history.h"

#include <QAbstractListModel>

namespace facet::ui {

/// The profiles of FACET_HOME/clusters.
class ClusterList final : public QAbstractListModel {
    Q_OBJECT

public:
    explicit ClusterList(std::filesystem::path folder, QObject* parent = nullptr);

    /// Where the cluster is, for the second line of a row.
    static constexpr int kPlaceRole = Qt::UserRole;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

    const jobs::ClusterProfile& profile(int row) const { return m_profiles[static_cast<size_t>(row)]; }
    int indexOf(const QString& name) const;  ///< -1 if there is none

    /// Files that could not be read; "" if all could.
    QString problem() const { return m_problem; }

    /// A name that is not taken: "cluster", "cluster-2".
    QString freeName() const;

    /// Writes the file and shows it here. Errors  Io, InvalidInput
    core::Result<void> write(const jobs::ClusterProfile& profile);

    /// Makes a change of a profile: it is added, replaced, renamed or removed.
    ///
    /// Errors  Io, InvalidInput: nothing has changed then, but that after a rename the old file may be left
    core::Result<void> apply(const ProfileChange& change);

    /// Why a profile cannot be called so: "" if it can.
    QString problemOfName(const QString& name) const;

    Qt::ItemFlags flags(const QModelIndex& index) const override;

    /// A new name, which is only asked for: renameWanted() follows.
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;

public Q_SLOTS:
    void refresh();

Q_SIGNALS:
    void renameWanted(const QString& from, const QString& to);

private:
    jobs::ClusterProfiles m_store;
    std::vector<jobs::ClusterProfile> m_profiles;
    QString m_problem;
};

}  // namespace facet::ui
