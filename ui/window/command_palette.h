#pragma once

#include <QAbstractListModel>
#include <QAction>
#include <QDialog>
#include <QPointer>
#include <QSortFilterProxyModel>

class QLineEdit;
class QListView;

namespace facet::ui {

/// Every action of a window that has a name, enabled or not.
class ActionList final : public QAbstractListModel {
    Q_OBJECT

public:
    enum { ShortcutRole = Qt::UserRole, EnabledRole };

    explicit ActionList(const QWidget& window, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QAction* action(int row) const { return m_actions[row]; }

private:
    QList<QPointer<QAction>> m_actions;
};

/// Ctrl+K: all actions, filtered by what is typed, with their keys.
class CommandPalette final : public QDialog {
    Q_OBJECT

public:
    explicit CommandPalette(QWidget* window);

protected:
    bool eventFilter(QObject* object, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void run(const QModelIndex& index);

    ActionList m_actions;
    QSortFilterProxyModel m_found;
    QLineEdit* m_words;
    QListView* m_list;
};

}  // namespace facet::ui
