#include "ui/finetune/cost_strip.h"

#include "ui/finetune/job_form.h"
#include "ui/models/words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/label.h"
#include "ui/widgets/stack_bar.h"

#include <QHBoxLayout>
#include <QPainter>

namespace facet::ui {

namespace {

constexpr int kHeight = 40;
constexpr int kBarWidth = 96;

}  // namespace

CostStrip::CostStrip(JobForm& form, QWidget* parent)
    : QWidget(parent),
      m_form(form),
      m_bar(new StackBar(8)),
      m_memory(new Label(TextStyle::SmallStrong)),
      m_fits(new Chip(QString())),
      m_trained(new Label(TextStyle::Small, Role::Text2)),
      m_changes(new Chip(QString(), ChipTone::Changed))
{
    setMinimumHeight(kHeight);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(space::kL, 0, space::kL, 1);
    row->setSpacing(space::kS);
    m_bar->setFixedWidth(kBarWidth);
    m_bar->setAccessibleName(tr("Memory"));
    m_trained->setElided(Qt::ElideRight);
    m_trained->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    row->addWidget(m_bar);
    row->addWidget(m_memory);
    row->addWidget(m_fits);
    row->addWidget(m_trained, 1);
    row->addWidget(m_changes);
    QPushButton* open =
        makeButton(QStringLiteral("openSide"), tr("Cost (F9)"), ButtonKind::Flat, QStringLiteral("panel"));
    setCompact(open);
    connect(open, &QPushButton::clicked, this, &CostStrip::panelWanted);
    row->addWidget(open);
    connect(&m_form, &JobForm::judged, this, &CostStrip::refresh);
    connect(&m_form, &JobForm::changed, this, &CostStrip::refresh);
    refresh();
}

void CostStrip::refresh()
{
    const auto gibibytes = [](double bytes) { return words::gibibytes(static_cast<qint64>(bytes)); };
    const JobVerdict& verdict = m_form.verdict();
    const auto changes = m_form.changedKeys().size();
    m_changes->setVisible(changes > 0);
    m_changes->setText(changes == 1 ? tr("1 change") : tr("%1 changes").arg(changes));
    m_changes->updateGeometry();
    m_fits->setVisible(verdict.estimate && verdict.estimate->isFitKnown);
    if (!verdict.estimate) {
        m_memory->setText(tr("Memory is not known yet"));
        m_trained->setText({});
        return;
    }
    const double total = verdict.estimate->memory.total();
    const double limit = verdict.device.memoryBytes;
    m_bar->setParts(
        {{tr("Memory"), total, verdict.estimate->fits ? Role::Part1 : Role::Danger, gibibytes(total)}},
        limit);
    m_memory->setText(limit > 0 ? tr("%1 of %2").arg(gibibytes(total), gibibytes(limit)) : gibibytes(total));
    m_fits->setText(verdict.estimate->fits ? tr("fits") : tr("too large"));
    m_fits->setTone(verdict.estimate->fits ? ChipTone::Good : ChipTone::Bad);
    m_fits->updateGeometry();
    const jobs::ParameterTable& table = verdict.resolved->parameters;
    const double share =
        table.total > 0 ? 100.0 * static_cast<double>(table.trained) / static_cast<double>(table.total) : 0;
    m_trained->setText(tr("%1 trained, %2 %; disk %3")
                           .arg(words::parameters(table.trained))
                           .arg(share, 0, 'f', share < 1 ? 3 : 1)
                           .arg(words::gigabytes(static_cast<qint64>(verdict.diskBytes))));
}

void CostStrip::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::color(Role::Surface));
    painter.fillRect(0, height() - 1, width(), 1, Theme::color(Role::Border));
}

}  // namespace facet::ui
