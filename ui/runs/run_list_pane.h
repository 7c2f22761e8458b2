#pragma once

#include "ui/runs/run_list.h"

#include <QSortFilterProxyModel>
#include <QWidget>

class QLineEdit;
class QListView;

namespace facet::ui {

/// The runs at the left, with a search in names and tags. Several can be chosen, to be laid over each other.
class RunListPane final : public QWidget {
    Q_OBJECT

public:
    explicit RunListPane(RunList& runs, QWidget* parent = nullptr);

    /// Folders of the chosen runs, the current one first.
    QStringList chosen() const;
    void choose(const QString& path);

Q_SIGNALS:
    void chosenChanged();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    RunList& m_runs;
    QSortFilterProxyModel m_shown;
    QLineEdit* m_search;
    QListView* m_list;
};

}  // namespace facet::ui
