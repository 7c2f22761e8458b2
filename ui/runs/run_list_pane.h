#pragma once

#include "ui/runs/run_list.h"

#include <QSortFilterProxyModel>
#include <QWidget>

class QComboBox;
class QLineEdit;
class QListView;

namespace facet::ui {

/// The runs with one tag, or all.
class RunFilter final : public QSortFilterProxyModel {
    Q_OBJECT

public:
    using QSortFilterProxyModel::QSortFilterProxyModel;

    /// "": all.
    void setTag(const QString& tag);
    const QString& tag() const { return m_tag; }

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    QString m_tag;
};

/// The runs at the left, with a search in names and tags. Several can be chosen, to be laid over each other.
class RunListPane final : public QWidget {
    Q_OBJECT

public:
    explicit RunListPane(RunList& runs, QWidget* parent = nullptr);

    QListView* list() const { return m_list; }

    /// Folders of the chosen runs, the current one first.
    QStringList chosen() const;
    void choose(const QString& path);

Q_SIGNALS:
    void chosenChanged();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void showTags();

    RunList& m_runs;
    RunFilter m_shown;
    QLineEdit* m_search;
    QComboBox* m_tags;
    QListView* m_list;
};

}  // namespace facet::ui
