#include "ui/clusters/findings_view.h"

#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/label.h"

#include <QVBoxLayout>

namespace facet::ui {

FindingsView::FindingsView(ClusterDraft& draft, QWidget* parent)
    : QWidget(parent), m_draft(draft), m_rows(new QVBoxLayout(this))
{
    m_rows->setContentsMargins(0, 0, 0, 0);
    m_rows->setSpacing(space::kXs);
    connect(&m_draft, &ClusterDraft::changed, this, &FindingsView::show);
    show();
}

void FindingsView::show()
{
    while (QLayoutItem* item = m_rows->takeAt(0)) {
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    int number = 0;
    for (const jobs::Finding& finding : m_draft.findings()) {
        auto* row = new QWidget;
        auto* layout = new QHBoxLayout(row);
        layout->setContentsMargins(0, 0, 0, 0);
        layout->setSpacing(space::kS);
        const int line = m_draft.lineOf(finding);
        const bool isRefused = finding.weight == jobs::Finding::Weight::Refused;
        layout->addWidget(new Chip(line > 0    ? tr("line %1").arg(line)
                                   : isRefused ? tr("refused")
                                               : tr("look"),
                                   isRefused ? ChipTone::Bad : ChipTone::Warning,
                                   isRefused ? QStringLiteral("error") : QStringLiteral("warn")),
                          0, Qt::AlignTop);
        auto* sentence = new Label(QString::fromStdString(finding.sentence), TextStyle::Small);
        sentence->setWordWrap(true);
        sentence->setMinimumHeight(height::kChip);
        layout->addWidget(sentence, 1, Qt::AlignTop);
        if (finding.fix) {
            QPushButton* fix = makeButton(QStringLiteral("clusterFix%1").arg(number),
                                          QString::fromStdString(finding.fix->label), ButtonKind::Link);
            // The button goes away with the finding, so not within its own signal.
            connect(
                fix, &QPushButton::clicked, this, [this, finding] { m_draft.fix(finding); },
                Qt::QueuedConnection);
            setCompact(fix);
            layout->addWidget(fix, 0, Qt::AlignTop);
        }
        ++number;
        m_rows->addWidget(row);
    }
    setVisible(number > 0);
}

}  // namespace facet::ui
