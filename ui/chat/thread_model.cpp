#include "ui/chat/thread_model.h"

#include <algorithm>

namespace facet::ui {

void ThreadModel::setTurns(const QList<Turn>& turns)
{
    const qsizetype common = std::min(turns.size(), m_turns.size());
    qsizetype same = 0;
    while (same < common && turns[same].id == m_turns[same].id)
        ++same;
    if (same < m_turns.size()) {
        beginRemoveRows({}, static_cast<int>(same), static_cast<int>(m_turns.size()) - 1);
        m_turns.resize(same);
        endRemoveRows();
    }
    for (int i = 0; i < same; ++i)
        setTurn(i, turns[i]);
    if (same < turns.size()) {
        beginInsertRows({}, static_cast<int>(same), static_cast<int>(turns.size()) - 1);
        m_turns.append(turns.mid(same));
        endInsertRows();
    }
}

void ThreadModel::appendText(int row, const QString& text)
{
    m_turns[row].text += text;
    Q_EMIT textAppended(row, text);
}

void ThreadModel::setTurn(int row, const Turn& turn)
{
    if (m_turns[row] == turn)
        return;
    m_turns[row] = turn;
    Q_EMIT dataChanged(index(row), index(row));
}

int ThreadModel::rowOf(qint64 message) const
{
    for (int i = 0; i < m_turns.size(); ++i)
        if (m_turns[i].id == message)
            return i;
    return -1;
}

int ThreadModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_turns.size());
}

QVariant ThreadModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Turn& turn = m_turns[index.row()];
    switch (role) {
        case TextRole:
            return turn.text;
        case IdRole:
            return turn.id;
        case IsUserRole:
            return turn.isUser;
        case StateRole:
            return static_cast<int>(turn.state);
        default:
            return {};
    }
}

}  // namespace facet::ui
