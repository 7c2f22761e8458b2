#include "ui/chat/conversation_list_model.h"

#include <algorithm>

namespace facet::ui {

static QString headingFor(const QDate& day, const QDate& today)
{
    const qint64 days = day.daysTo(today);
    if (days <= 0)
        return ConversationListModel::tr("Today");
    if (days == 1)
        return ConversationListModel::tr("Yesterday");
    if (days < 7)
        return ConversationListModel::tr("Last week");
    if (days < 31)
        return ConversationListModel::tr("Last month");
    return ConversationListModel::tr("Older");
}

void ConversationListModel::setConversations(const std::vector<core::ConversationSummary>& conversations,
                                             const QDateTime& now)
{
    QList<Row> rows;
    QString heading;
    for (const core::ConversationSummary& conversation : conversations) {
        const QDateTime updated = QDateTime::fromMSecsSinceEpoch(conversation.updatedAtMs);
        if (const QString next = headingFor(updated.date(), now.date()); next != heading) {
            heading = next;
            Row row;
            row.title = heading;
            rows.append(row);
        }
        rows.append({conversation.id, QString::fromStdString(conversation.title),
                     QString::fromStdString(conversation.model), updated, conversation.hasPictures,
                     QString::fromStdString(conversation.found).simplified()});
    }
    m_numConversations = static_cast<int>(conversations.size());
    const bool isSameOrder =
        rows.size() == m_rows.size() && std::equal(rows.begin(), rows.end(), m_rows.begin(),
                                                   [](const Row& a, const Row& b) { return a.id == b.id; });
    if (!isSameOrder) {
        beginResetModel();
        m_rows = rows;
        endResetModel();
        return;
    }
    for (int i = 0; i < rows.size(); ++i)
        if (!(m_rows[i] == rows[i])) {
            m_rows[i] = rows[i];
            Q_EMIT dataChanged(index(i), index(i));
        }
}

int ConversationListModel::rowOf(qint64 conversation) const
{
    for (int i = 0; i < m_rows.size(); ++i)
        if (m_rows[i].id == conversation && conversation != 0)
            return i;
    return -1;
}

int ConversationListModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant ConversationListModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Row& row = m_rows[index.row()];
    switch (role) {
        case TitleRole:
        case Qt::EditRole:
            return row.title;
        case Qt::AccessibleTextRole:
            return row.id == 0 ? row.title : tr("%1, %2").arg(row.title, row.model);
        case Qt::ToolTipRole:
            return row.found.isEmpty() ? QVariant() : QVariant(row.found);
        case IdRole:
            return row.id;
        case IsHeadingRole:
            return row.id == 0;
        case ModelRole:
            return row.model;
        case UpdatedRole:
            return row.updated;
        case HasPicturesRole:
            return row.hasPictures;
        case FoundRole:
            return row.found;
        default:
            return {};
    }
}

Qt::ItemFlags ConversationListModel::flags(const QModelIndex& index) const
{
    if (!index.isValid() || m_rows[index.row()].id == 0)
        return Qt::NoItemFlags;
    return Qt::ItemIsEnabled | Qt::ItemIsSelectable;
}

}  // namespace facet::ui
