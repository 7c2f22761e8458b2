#include "ui/finetune/column_list.h"

#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QComboBox>
#include <QGridLayout>

namespace facet::ui {

namespace {

constexpr size_t kMostShown = 12;

}  // namespace

ColumnList::ColumnList(QWidget* parent) : QWidget(parent), m_grid(new QGridLayout(this))
{
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setHorizontalSpacing(space::kM);
    m_grid->setVerticalSpacing(space::kXs);
    m_grid->setColumnStretch(1, 1);
    hide();
}

void ColumnList::showColumns(const std::vector<DataColumn>& columns)
{
    if (columns == m_columns)
        return;
    const auto hasSameMembers =
        std::ranges::equal(columns, m_columns, {}, &DataColumn::member, &DataColumn::member);
    m_columns = columns;
    setVisible(!columns.empty());
    if (hasSameMembers) {  // keeps the focus
        for (const DataColumn& column : columns)
            if (auto* box =
                    findChild<QComboBox*>(QStringLiteral("column.") + QString::fromStdString(column.member)))
                box->setCurrentIndex(box->findData(QString::fromStdString(column.field)));
        return;
    }
    while (QLayoutItem* item = m_grid->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    m_grid->addWidget(new Label(tr("Column"), TextStyle::SmallStrong, Role::Text2), 0, 0);
    m_grid->addWidget(new Label(tr("Read as"), TextStyle::SmallStrong, Role::Text2), 0, 1);
    for (size_t i = 0; i < std::min(columns.size(), kMostShown); ++i) {
        const QString member = QString::fromStdString(columns[i].member);
        auto* name = new Label(member, TextStyle::Mono);
        name->setElided(Qt::ElideMiddle);
        name->setToolTip(member);
        auto* box = new QComboBox;
        box->setObjectName(QStringLiteral("column.") + member);
        box->setAccessibleName(tr("What %1 is read as").arg(member));
        box->addItem(tr("not read"), QString());
        for (const std::string& field : dataFields())
            box->addItem(
                tr("%1 (%2)").arg(QString::fromStdString(roleOfField(field)), QString::fromStdString(field)),
                QString::fromStdString(field));
        box->setCurrentIndex(box->findData(QString::fromStdString(columns[i].field)));
        setCompact(box);
        connect(box, &QComboBox::activated, this, [this, box, member = columns[i].member] {
            Q_EMIT chosen(member, box->currentData().toString().toStdString());
        });
        const int row = static_cast<int>(i) + 1;
        m_grid->addWidget(name, row, 0);
        m_grid->addWidget(box, row, 1);
        name->show();
        box->show();
    }
    if (columns.size() > kMostShown)
        m_grid->addWidget(
            new Label(tr("%1 more").arg(columns.size() - kMostShown), TextStyle::Small, Role::Text3),
            static_cast<int>(kMostShown) + 1, 0, 1, 2);
}

}  // namespace facet::ui
