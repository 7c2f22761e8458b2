#include "ui/runs/evaluations_view.h"

#include "ui/background.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/label.h"

#include <QHeaderView>
#include <QPainter>
#include <QStackedLayout>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QVBoxLayout>

#include <memory>
#include <optional>

namespace facet::ui {

namespace {

QTableView* makeTable(const QString& objectName, const QString& name, QAbstractItemModel& model)
{
    auto* view = new QTableView;
    view->setObjectName(objectName);
    view->setAccessibleName(name);
    view->setModel(&model);
    view->setFrameShape(QFrame::NoFrame);
    view->setShowGrid(false);
    view->verticalHeader()->hide();
    view->horizontalHeader()->setObjectName(objectName + QStringLiteral("Header"));
    view->horizontalHeader()->setAccessibleName(EvaluationsView::tr("Columns"));
    view->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    view->setSelectionBehavior(QAbstractItemView::SelectRows);
    view->setSelectionMode(QAbstractItemView::SingleSelection);
    view->setEditTriggers(QAbstractItemView::NoEditTriggers);
    view->setTabKeyNavigation(false);
    return view;
}

/// A hairline below each row, and air around its text; what is right to the letter is green and says so.
class SampleDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        return QStyledItemDelegate::sizeHint(option, index) + QSize(0, 2 * space::kS + 1);
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        if (option.state & QStyle::State_Selected)
            painter->fillRect(option.rect, Theme::color(Role::Selected));
        QStyleOptionViewItem inside = option;
        inside.rect.adjust(0, space::kS, 0, -space::kS - 1);
        QStyledItemDelegate::paint(painter, inside, index);
        painter->fillRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1,
                          Theme::color(Role::Border));
    }

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override
    {
        QStyledItemDelegate::initStyleOption(option, index);
        if (index.data(EvaluationSamples::IsExactRole).toBool())
            option->palette.setColor(QPalette::Text, Theme::color(Role::Success));
    }
};

}  // namespace

EvaluationsView::EvaluationsView(QWidget* parent)
    : QWidget(parent),
      m_stack(new QStackedLayout(this)),
      m_view(makeTable(QStringLiteral("runEvaluations"), tr("Evaluations"), m_table)),
      m_sampleView(makeTable(QStringLiteral("runEvaluationSamples"), tr("Best and worst rows"), m_samples)),
      m_problem(new Label(TextStyle::Small, Role::Danger))
{
    auto* empty =
        new EmptyState(QStringLiteral("table"), tr("Nothing evaluated yet"),
                       tr("Measure a checkpoint beside its base model on rows that it did not learn "
                          "from: loss, exact answers, the best and the worst rows."));
    QPushButton* first = makeButton(QStringLiteral("evaluateFirst"), tr("Evaluate…"), ButtonKind::Primary,
                                    QStringLiteral("play"));
    empty->addAction(first);
    m_stack->addWidget(empty);
    auto* both = new QWidget;
    auto* column = new QVBoxLayout(both);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_view->verticalHeader()->setDefaultSectionSize(height::kTableRow);
    m_view->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_view->horizontalHeader()->setSectionResizeMode(EvaluationTable::Rows, QHeaderView::Stretch);
    m_sampleView->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_sampleView->verticalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_sampleView->setWordWrap(true);
    m_sampleView->setItemDelegate(new SampleDelegate(m_sampleView));
    m_sampleView->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_problem->setObjectName(QStringLiteral("evaluationProblem"));
    m_problem->setWordWrap(true);
    m_problem->setContentsMargins(space::kM, space::kS, space::kM, space::kS);
    m_problem->hide();
    auto* bar = new QHBoxLayout;
    bar->setContentsMargins(space::kM, space::kS, space::kM, space::kS);
    QPushButton* another = makeButton(QStringLiteral("evaluateAnother"), tr("Evaluate…"),
                                      ButtonKind::Outlined, QStringLiteral("play"));
    bar->addWidget(another);
    bar->addStretch();
    column->addWidget(m_view, 1);
    column->addWidget(m_problem);
    column->addWidget(m_sampleView, 3);
    column->addLayout(bar);
    m_stack->addWidget(both);
    for (const QPushButton* button : {first, another})
        connect(button, &QPushButton::clicked, this, &EvaluationsView::evaluateWanted);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &EvaluationsView::showChosen);
}

void EvaluationsView::show(const std::filesystem::path& folder)
{
    m_folder = folder;
    m_files.clear();
    take({}, {});
    look();
}

void EvaluationsView::look()
{
    if (m_isLooking || m_folder.empty())
        return;
    m_isLooking = true;
    struct Seen {
        std::vector<std::filesystem::path> files;
        std::vector<StoredEvaluation> evaluations;
        QStringList problems;
        bool isNew = false;
    };
    runInBackground(
        this,
        [folder = m_folder, known = m_files] {
            auto seen = std::make_shared<Seen>();
            seen->files = core::evaluationFiles({folder});
            seen->isNew = seen->files != known;
            if (!seen->isNew)
                return seen;
            for (const std::filesystem::path& file : seen->files) {
                core::Result<core::EvaluationReport> report = core::readEvaluation(file);
                if (report)
                    seen->evaluations.push_back({file, *std::move(report)});
                else
                    seen->problems << QString::fromStdString(report.error().message);
            }
            return seen;
        },
        [this, folder = m_folder](const std::shared_ptr<Seen>& seen) {
            m_isLooking = false;
            if (folder != m_folder) {
                look();
            } else if (seen->isNew) {
                m_files = seen->files;
                take(std::move(seen->evaluations), seen->problems);
            }
        });
}

void EvaluationsView::take(std::vector<StoredEvaluation> evaluations, const QStringList& problems)
{
    m_table.show(std::move(evaluations));
    m_problem->setText(problems.join(QLatin1Char('\n')));
    m_problem->setVisible(!problems.isEmpty());
    const int count = m_table.rowCount();
    m_stack->setCurrentIndex(count > 0 || !problems.isEmpty() ? 1 : 0);
    if (count > 0)
        m_view->setCurrentIndex(m_table.index(0, 0));
    showChosen();
    Q_EMIT counted(count);
}

void EvaluationsView::showChosen()
{
    const StoredEvaluation* chosen = m_table.at(m_view->currentIndex().row());
    m_samples.show(chosen ? chosen->report : core::EvaluationReport());
}

void EvaluationsView::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    look();
}

}  // namespace facet::ui
