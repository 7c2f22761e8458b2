#pragma once

#include "ui/finetune/data_columns.h"

#include <QWidget>

class QGridLayout;

namespace facet::ui {

/// The members of a file's rows, each with what it is read as.
///
/// Names: "column.MEMBER".
class ColumnList final : public QWidget {
    Q_OBJECT

public:
    explicit ColumnList(QWidget* parent = nullptr);

    void showColumns(const std::vector<DataColumn>& columns);

Q_SIGNALS:
    /// The user wants a member to be read as a field; "": not read.
    void chosen(const std::string& member, const std::string& field);

private:
    std::vector<DataColumn> m_columns;
    QGridLayout* m_grid;
};

}  // namespace facet::ui
