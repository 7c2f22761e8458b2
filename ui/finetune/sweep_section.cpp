#include "ui/finetune/sweep_section.h"

#include "jobs/job/job_settings.h"
#include "ui/finetune/job_form.h"
#include "ui/finetune/job_rules.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QComboBox>
#include <QLineEdit>
#include <QVBoxLayout>

namespace facet::ui {

namespace {

/// Settings that have one value, which a list of values can be typed for.
QStringList sweepKeys()
{
    QStringList keys;
    for (const std::string& key : jobs::jobKeys())
        if (key != "name" && key != "dir" && key != "recipe" && jobRules().contains(key) &&
            jobRule(key).kind != JobRule::Kind::Structure)
            keys << QString::fromStdString(key);
    return keys;
}

}  // namespace

SweepSection::SweepSection(JobForm& form, SweepDraft& draft, QWidget* parent)
    : QWidget(parent),
      m_form(form),
      m_draft(draft),
      m_rows(new QVBoxLayout),
      m_line(new Label(TextStyle::Small, Role::Text3))
{
    setObjectName(QStringLiteral("sweepSection"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kS);
    m_rows->setSpacing(space::kS);
    column->addLayout(m_rows);
    auto* bar = new QHBoxLayout;
    QPushButton* add = makeButton(QStringLiteral("addSweep"), tr("Try several values"), ButtonKind::Outlined,
                                  QStringLiteral("plus"));
    setCompact(add);
    connect(add, &QPushButton::clicked, this, [this] {
        m_draft.addLine();
        if (auto* key = findChild<QComboBox*>(QStringLiteral("sweepKey%1").arg(m_numRows - 1)))
            key->setFocus(Qt::TabFocusReason);
    });
    m_line->setObjectName(QStringLiteral("sweepRuns"));
    m_line->setWordWrap(true);
    bar->addWidget(add, 0, Qt::AlignTop);
    bar->addWidget(m_line, 1);
    column->addLayout(bar);
    connect(&m_draft, &SweepDraft::changed, this, &SweepSection::showRows);
    connect(&m_form, &JobForm::changed, this, &SweepSection::showLine);
    showRows();
}

void SweepSection::showRows()
{
    // What is typed changes no rows; only their number does.
    if (m_numRows != m_draft.lines().size()) {
        while (QLayoutItem* item = m_rows->takeAt(0)) {
            item->widget()->hide();
            item->widget()->deleteLater();
            delete item;
        }
        m_numRows = m_draft.lines().size();
        for (size_t i = 0; i < m_numRows; ++i) {
            auto* holder = new QWidget;
            auto* row = new QHBoxLayout(holder);
            row->setContentsMargins(0, 0, 0, 0);
            auto* key = new QComboBox;
            key->setObjectName(QStringLiteral("sweepKey%1").arg(i));
            key->setAccessibleName(tr("Setting to try values of"));
            key->addItems(sweepKeys());
            key->setMinimumContentsLength(20);
            key->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
            key->setCurrentText(m_draft.lines()[i].key);
            key->setPlaceholderText(tr("Setting"));
            if (m_draft.lines()[i].key.isEmpty())
                key->setCurrentIndex(-1);
            auto* values = new QLineEdit(m_draft.lines()[i].values);
            values->setObjectName(QStringLiteral("sweepValues%1").arg(i));
            values->setAccessibleName(tr("Values to try"));
            values->setPlaceholderText(tr("4, 8, 16"));
            QToolButton* remove = makeIconButton(QStringLiteral("removeSweep%1").arg(i),
                                                 QStringLiteral("close"), tr("Try no values of this"));
            const auto tell = [this, i, key, values] {
                m_draft.setLine(i, {key->currentText(), values->text()});
            };
            connect(key, &QComboBox::activated, this, tell);
            connect(values, &QLineEdit::textEdited, this, tell);
            connect(remove, &QToolButton::clicked, this, [this, i] { m_draft.removeLine(i); });
            row->addWidget(key, 2);
            row->addWidget(values, 3);
            row->addWidget(remove);
            m_rows->addWidget(holder);
            holder->show();  // at once, to be given the focus; a layout shows it later
        }
    }
    showLine();
}

void SweepSection::showLine()
{
    const bool isBad = !m_draft.problem().isEmpty();
    m_line->setRole(isBad ? Role::Danger : Role::Text3);
    const QStringList names = m_draft.namesFor(m_form.text("name"));
    if (isBad)
        m_line->setText(m_draft.problem());
    else if (m_draft.isEmpty())
        m_line->setText(m_form.profile().empty()
                            ? tr("One run. Several values make one run each, in the queue.")
                            : tr("One run. Several values make one run each, as an array of jobs."));
    else if (names.size() == 1)
        m_line->setText(tr("1 run: %1").arg(names.front()));
    else
        m_line->setText(tr("%1 runs: %2 … %3").arg(names.size()).arg(names.front(), names.back()));
}

}  // namespace facet::ui
