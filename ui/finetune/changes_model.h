#pragma once

#include <QAbstractTableModel>

#include <string>
#include <vector>

namespace facet::ui {

class JobForm;

/// What differs from the recipe: key, the recipe's value, the job's.
class ChangesModel final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Key, Recipe, Here, NumColumns };

    /// `form` must outlive this object.
    explicit ChangesModel(JobForm& form, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    const std::string& key(int row) const { return m_keys[static_cast<size_t>(row)]; }

private:
    void refresh();

    JobForm& m_form;
    std::vector<std::string> m_keys;
};

}  // namespace facet::ui
