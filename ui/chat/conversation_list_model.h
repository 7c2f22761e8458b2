#pragma once

#include "core/conversations/conversation.h"

#include <QAbstractListModel>
#include <QDateTime>
#include <QList>

#include <vector>

namespace facet::ui {

/// Conversations, the newest first, under headings by day.
class ConversationListModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role {
        TitleRole = Qt::DisplayRole,
        IdRole = Qt::UserRole,
        IsHeadingRole,
        ModelRole,
        UpdatedRole,  ///< QDateTime, local
        HasPicturesRole,
        FoundRole,  ///< the place that a search found, or ""
    };

    using QAbstractListModel::QAbstractListModel;

    void setConversations(const std::vector<core::ConversationSummary>& conversations,
                          const QDateTime& now = QDateTime::currentDateTime());

    /// The row of a conversation, -1 if it is not listed.
    int rowOf(qint64 conversation) const;

    int numConversations() const { return m_numConversations; }

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

private:
    struct Row {
        qint64 id = 0;  // 0: a heading
        QString title;
        QString model;
        QDateTime updated;
        bool hasPictures = false;
        QString found;

        bool operator==(const Row&) const = default;
    };

    QList<Row> m_rows;
    int m_numConversations = 0;
};

}  // namespace facet::ui
