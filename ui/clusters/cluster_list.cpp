#include "ui/clusters/cluster_list.h"

#include "core/models/library.h"

namespace facet::ui {

ClusterList::ClusterList(std::filesystem::path folder, QObject* parent)
    : QAbstractListModel(parent), m_store(std::move(folder))
{
    refresh();
}

int ClusterList::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_profiles.size());
}

QVariant ClusterList::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    const jobs::ClusterProfile& profile = m_profiles[static_cast<size_t>(index.row())];
    const QString place =
        profile.host.empty() ? tr("SLURM on this machine") : tr("Another cluster, export only");
    switch (role) {
        case Qt::DisplayRole:
        case Qt::EditRole:
            return QString::fromStdString(profile.name);
        case kPlaceRole:
            return place;
        case Qt::ToolTipRole:
            return profile.host.empty() ? place
                                        : place + QStringLiteral(": ") + QString::fromStdString(profile.host);
        case Qt::AccessibleTextRole:
            return QString::fromStdString(profile.name) + QStringLiteral(", ") + place;
        default:
            return {};
    }
}

int ClusterList::indexOf(const QString& name) const
{
    for (size_t i = 0; i < m_profiles.size(); ++i)
        if (m_profiles[i].name == name.toStdString())
            return static_cast<int>(i);
    return -1;
}

QString ClusterList::freeName() const
{
    QString name = QStringLiteral("cluster");
    for (int i = 2; indexOf(name) >= 0; ++i)
        name = QStringLiteral("cluster-%1").arg(i);
    return name;
}

void ClusterList::refresh()
{
    std::vector<jobs::ClusterProfile> profiles;
    QStringList problems;
    const auto names = m_store.names();
    if (!names) {
        problems << QString::fromStdString(names.error().message);
    } else {
        for (const std::string& name : *names) {
            const auto profile = m_store.read(name);
            if (profile)
                profiles.push_back(*profile);
            else
                problems << QString::fromStdString(profile.error().message);
        }
    }
    m_problem = problems.join(QLatin1Char('\n'));
    if (profiles == m_profiles)
        return;
    const bool hasSameNames =
        std::equal(profiles.begin(), profiles.end(), m_profiles.begin(), m_profiles.end(),
                   [](const auto& a, const auto& b) { return a.name == b.name; });
    if (hasSameNames) {  // keeps the selection
        m_profiles = std::move(profiles);
        Q_EMIT dataChanged(index(0), index(rowCount() - 1));
        return;
    }
    beginResetModel();
    m_profiles = std::move(profiles);
    endResetModel();
}

core::Result<void> ClusterList::write(const jobs::ClusterProfile& profile)
{
    const auto written = m_store.write(profile);
    refresh();
    return written;
}

core::Result<void> ClusterList::apply(const ProfileChange& change)
{
    core::Result<void> done;
    if (change.after)
        done = m_store.write(*change.after);
    if (done && change.before && (!change.after || change.before->name != change.after->name))
        done = m_store.remove(change.before->name);
    refresh();
    return done;
}

QString ClusterList::problemOfName(const QString& name) const
{
    if (!core::isLibraryName(name.toStdString()))
        return tr("\"%1\" is no name of a profile: it takes letters, digits, \".\", \"_\" and \"-\", and "
                  "begins with none of \".\" and \"-\"")
            .arg(name);
    return indexOf(name) >= 0 ? tr("There is a profile %1 already").arg(name) : QString();
}

Qt::ItemFlags ClusterList::flags(const QModelIndex& index) const
{
    return QAbstractListModel::flags(index) | (index.isValid() ? Qt::ItemIsEditable : Qt::NoItemFlags);
}

bool ClusterList::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (!index.isValid() || role != Qt::EditRole)
        return false;
    const QString from = QString::fromStdString(profile(index.row()).name);
    const QString to = value.toString().trimmed();
    if (to != from)
        Q_EMIT renameWanted(from, to);
    return false;
}

}  // namespace facet::ui
