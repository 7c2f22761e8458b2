#include "ui/finetune/changes_model.h"

#include "ui/finetune/job_form.h"
#include "ui/finetune/job_rules.h"

namespace facet::ui {

ChangesModel::ChangesModel(JobForm& form, QObject* parent)
    : QAbstractTableModel(parent), m_form(form), m_keys(form.changedKeys())
{
    connect(&m_form, &JobForm::changed, this, &ChangesModel::refresh);
}

void ChangesModel::refresh()
{
    std::vector<std::string> keys = m_form.changedKeys();
    if (keys != m_keys) {
        beginResetModel();
        m_keys = std::move(keys);
        endResetModel();
    } else if (!m_keys.empty()) {
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, NumColumns - 1));
    }
}

int ChangesModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_keys.size());
}

int ChangesModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : NumColumns;
}

QVariant ChangesModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || (role != Qt::DisplayRole && role != Qt::ToolTipRole))
        return {};
    const std::string& changed = key(index.row());
    if (index.column() == Key)
        return QString::fromStdString(changed);
    if (index.column() == Here)
        return m_form.text(changed);
    const nlohmann::json base = m_form.baseValue(changed);
    return base.is_null() ? tr("by method") : QString::fromStdString(textOf(base));
}

QVariant ChangesModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    static const QStringList names = {tr("Setting"), tr("Recipe"), tr("Here")};
    return names.value(section);
}

}  // namespace facet::ui
