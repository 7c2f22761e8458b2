#pragma once

#include "core/conversations/conversation.h"

#include <QAbstractListModel>
#include <QList>
#include <QString>

#include <optional>

namespace facet::ui {

/// One message of the branch that is shown.
struct Turn {
    qint64 id = 0;
    bool isUser = false;
    QString text;
    QList<core::Picture> pictures;
    core::MessageState state = core::MessageState::Complete;
    QString error;
    QString model;
    std::vector<core::UsedAdapter> adapters;
    std::optional<core::Sampling> sampling;
    std::optional<core::MessageStats> stats;
    int version = 1;  ///< which of its siblings it is, from 1
    int numVersions = 1;

    bool operator==(const Turn&) const = default;
};

/// The turns of the branch that is shown.
class ThreadModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role { TextRole = Qt::DisplayRole, IdRole = Qt::UserRole, IsUserRole, StateRole };

    using QAbstractListModel::QAbstractListModel;

    /// Keeps the rows that stay as they are.
    void setTurns(const QList<Turn>& turns);

    /// Adds to the text of one turn; textAppended() tells, and dataChanged() does not.
    void appendText(int row, const QString& text);

    void setTurn(int row, const Turn& turn);

    const Turn& turn(int row) const { return m_turns[row]; }
    int rowOf(qint64 message) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

Q_SIGNALS:
    void textAppended(int row, const QString& text);

private:
    QList<Turn> m_turns;
};

}  // namespace facet::ui
