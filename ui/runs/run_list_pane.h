#pragma once

#include "ui/runs/run_list.h"

#include <QSortFilterProxyModel>
#include <QWidget>

class QComboBox;
class QLineEdit;
class QListView;
class QPushButton;

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

    /// Whether a click or Space adds a run to those that are laid over each other, or takes it away.
    void setComparing(bool isOn);
    bool isComparing() const;

Q_SIGNALS:
    void chosenChanged();

    /// To set up a new run.
    void newWanted();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void showTags();
    void selectAlone(const QModelIndex& index);

    RunList& m_runs;
    RunFilter m_shown;
    QLineEdit* m_search;
    QComboBox* m_tags;
    QListView* m_list;
    QPushButton* m_compare;
};

}  // namespace facet::ui
