#include "ui/finetune/field_mark.h"

#include "ui/finetune/job_form.h"
#include "ui/finetune/job_rules.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QHBoxLayout>

namespace facet::ui {

FieldMark::FieldMark(JobForm& form, std::vector<std::string> keys, const QString& name, QWidget* parent)
    : QWidget(parent), m_form(form), m_keys(std::move(keys)), m_name(name)
{
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(space::kXs);
    row->addWidget(new Label(QStringLiteral("●"), TextStyle::Caption, Role::Changed));
    QToolButton* reset = makeIconButton(QStringLiteral("reset.") + QString::fromStdString(m_keys.front()),
                                        QStringLiteral("reset"), tr("Reset %1").arg(name));
    reset->setIconSize(QSize(14, 14));
    reset->setFixedSize(18, 18);
    row->addWidget(reset);
    m_reset = reset;
    connect(reset, &QToolButton::clicked, this, [this] { m_form.reset(m_keys); });
    connect(&m_form, &JobForm::changed, this, &FieldMark::refresh);
    refresh();
}

void FieldMark::refresh()
{
    QStringList lines;
    for (const std::string& key : m_keys)
        if (m_form.differs(key)) {
            const QString base = QString::fromStdString(textOf(m_form.baseValue(key)));
            lines << tr("%1: %2 %3")
                         .arg(QString::fromStdString(key),
                              m_form.recipe().isEmpty() ? tr("default") : tr("recipe"),
                              base.isEmpty() ? tr("leaves it open") : base);
        }
    setVisible(!lines.isEmpty());
    m_reset->setToolTip((QStringList(tr("Reset %1").arg(m_name)) + lines).join(QLatin1Char('\n')));
    m_reset->setAccessibleDescription(lines.join(QStringLiteral("; ")));
}

}  // namespace facet::ui
