#pragma once

#include "ui/chat/adapter_list.h"

#include <QDialog>
#include <QSortFilterProxyModel>

class QLineEdit;
class QListView;
class QPushButton;

namespace facet::ui {

/// Chooses one of what was trained: a search above the list, and a way to any folder.
class AdapterPicker final : public QDialog {
    Q_OBJECT

public:
    enum class For {
        Conversation,  ///< adapters
        Side,          ///< one side of A/B, for which whole models will do, too
    };

    /// `adapters` must outlive this. Deletes itself when it is closed.
    AdapterPicker(AdapterList& adapters, For purpose, QWidget* parent);

Q_SIGNALS:
    void picked(const QString& path, const QString& name, bool isModel);

protected:
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    void pick(const QModelIndex& index);
    void chooseFolder();
    void showState();

    AdapterList& m_adapters;
    QSortFilterProxyModel* m_shown;
    QLineEdit* m_search;
    QListView* m_list;
    QPushButton* m_use;
};

}  // namespace facet::ui
