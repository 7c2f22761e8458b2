#include "ui/runs/run_list_pane.h"

#include "ui/runs/run_words.h"
#include "ui/theme/icons.h"
#include "ui/theme/style_shapes.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QComboBox>
#include <QLineEdit>
#include <QListView>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace facet::ui {

namespace {

constexpr int kSparkWidth = 62, kSparkHeight = 18;

class RunDelegate final : public QStyledItemDelegate {
public:
    RunDelegate(const RunList& runs, QSortFilterProxyModel& shown, QObject* parent)
        : QStyledItemDelegate(parent), m_runs(runs), m_shown(shown)
    {
    }

    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override
    {
        const int lines = QFontMetrics(Theme::font(TextStyle::BodyStrong)).height() +
                          QFontMetrics(Theme::font(TextStyle::Small)).height();
        return {100, std::max(height::kDownloadRow, lines + 28)};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const core::ObservedRun& run = m_runs.run(m_shown.mapToSource(index).row());
        const shapes::Painted painted(painter);
        const QRect row = option.rect.adjusted(0, 0, -1, -2);
        const bool isSelected = option.state & QStyle::State_Selected;
        if (isSelected || (option.state & QStyle::State_MouseOver))
            shapes::drawPanel(painter, row, Theme::color(isSelected ? Role::Selected : Role::Hover),
                              Qt::transparent, radius::kCard, 0);
        if ((option.state & QStyle::State_HasFocus) && (option.state & QStyle::State_KeyboardFocusChange))
            shapes::drawPanel(painter, QRectF(row).adjusted(1, 1, -1, -1), Qt::transparent,
                              Theme::color(Role::Focus), radius::kCard, 2);
        const Role role = words::roleOf(run.condition);
        const QRect inside = row.adjusted(space::kM, space::kS, -space::kM, -10);
        shapes::drawIcon(painter, words::iconOf(run.condition), role,
                         QPointF(inside.left() + 9, inside.center().y()), 18);
        QRect text = inside.adjusted(28, 0, 0, 0);
        drawCurve(painter, run, QRect(text.right() - kSparkWidth, text.top(), kSparkWidth, kSparkHeight));

        const QFont small = Theme::font(TextStyle::Small);
        painter->setFont(small);
        painter->setPen(Theme::color(Role::Text2));
        const QString right = words::rightOf(run);
        painter->drawText(text, Qt::AlignRight | Qt::AlignBottom, right);
        const int rightWidth = right.isEmpty() ? 0 : QFontMetrics(small).horizontalAdvance(right) + space::kS;
        const bool isBad = role == Role::Danger || role == Role::Warning;
        painter->setPen(Theme::color(isBad ? role : Role::Text3));
        painter->drawText(text, Qt::AlignLeft | Qt::AlignBottom,
                          QFontMetrics(small).elidedText(words::secondLine(run), Qt::ElideRight,
                                                         text.width() - rightWidth));
        const QFont strong = Theme::font(TextStyle::BodyStrong);
        painter->setFont(strong);
        painter->setPen(Theme::color(Role::Text));
        painter->drawText(text, Qt::AlignLeft | Qt::AlignTop,
                          QFontMetrics(strong).elidedText(QString::fromStdString(run.name), Qt::ElideRight,
                                                          text.width() - kSparkWidth - space::kS));
        if (run.condition != core::RunCondition::Done && run.numSteps > 0 && run.step > 0)
            shapes::drawBar(painter, QRectF(inside.left(), row.bottom() - 6, inside.width(), 4), 0,
                            std::min(1.0, double(run.step) / double(run.numSteps)), Theme::color(role));
    }

private:
    static void drawCurve(QPainter* painter, const core::ObservedRun& run, const QRect& place)
    {
        if (run.curve.size() < 2)
            return;
        const auto [low, high] = std::ranges::minmax(run.curve, {}, &core::CurvePoint::loss);
        const double wide = double(std::max<int64_t>(1, run.curve.back().step - run.curve.front().step));
        const double high0 = std::max(high.loss - low.loss, 1e-12);
        QPolygonF line;
        for (const core::CurvePoint& point : run.curve)
            line << QPointF(place.left() + place.width() * double(point.step - run.curve.front().step) / wide,
                            place.bottom() - place.height() * (point.loss - low.loss) / high0);
        painter->setBrush(Qt::NoBrush);
        painter->setPen(QPen(Theme::color(run.isUnderWay() ? Role::Accent : Role::Text3), 1.25));
        painter->drawPolyline(line);
    }

    const RunList& m_runs;
    QSortFilterProxyModel& m_shown;
};

}  // namespace

void RunFilter::setTag(const QString& tag)
{
    if (tag == m_tag)
        return;
    m_tag = tag;
    invalidateFilter();
}

bool RunFilter::filterAcceptsRow(int row, const QModelIndex& parent) const
{
    if (!m_tag.isEmpty() &&
        !sourceModel()->index(row, 0, parent).data(RunList::TagsRole).toStringList().contains(m_tag))
        return false;
    return QSortFilterProxyModel::filterAcceptsRow(row, parent);
}

RunListPane::RunListPane(RunList& runs, QWidget* parent)
    : QWidget(parent), m_runs(runs), m_search(new QLineEdit), m_tags(new QComboBox), m_list(new QListView)
{
    setObjectName(QStringLiteral("runsPane"));
    setAccessibleName(tr("Runs"));
    setProperty("pane", true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 1, 0);
    column->setSpacing(0);
    auto* title = new Label(tr("Runs"), TextStyle::PaneTitle);
    title->setContentsMargins(space::kL, 0, 0, 0);
    title->setMinimumHeight(height::kPageHeader);
    m_compare =
        makeButton(QStringLiteral("runsCompare"), tr("Compare"), ButtonKind::Flat, QStringLiteral("compare"));
    m_compare->setCheckable(true);
    m_compare->setAccessibleName(tr("Compare several runs"));
    m_compare->setToolTip(tr("Each click adds a run or takes it away; Ctrl+click does the same at any time"));
    connect(m_compare, &QPushButton::toggled, this, &RunListPane::setComparing);
    QToolButton* add = makeIconButton(QStringLiteral("runsNew"), QStringLiteral("plus"), tr("New run"));
    connect(add, &QToolButton::clicked, this, &RunListPane::newWanted);
    auto* head = new QHBoxLayout;
    head->setContentsMargins(0, 0, space::kS, 0);
    head->addWidget(title, 1);
    head->addWidget(m_compare);
    head->addWidget(add);
    column->addLayout(head);
    m_search->setObjectName(QStringLiteral("runSearch"));
    m_search->setAccessibleName(tr("Find a run"));
    m_search->setPlaceholderText(tr("Find a run"));
    m_search->setClearButtonEnabled(true);
    m_search->addAction(Icons::get(QStringLiteral("search"), Role::Text3), QLineEdit::LeadingPosition);
    auto* searchRow = new QHBoxLayout;
    searchRow->setContentsMargins(space::kM, 0, space::kM, space::kS);
    searchRow->setSpacing(space::kS);
    searchRow->addWidget(m_search, 1);
    m_tags->setObjectName(QStringLiteral("runTagFilter"));
    m_tags->setAccessibleName(tr("Show runs with a tag"));
    m_tags->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_tags->setMaximumWidth(130);
    searchRow->addWidget(m_tags);
    column->addLayout(searchRow);
    m_shown.setSourceModel(&runs);
    m_shown.setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_shown.setFilterRole(Qt::AccessibleTextRole);
    m_list->setObjectName(QStringLiteral("runList"));
    m_list->setAccessibleName(tr("Runs"));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setModel(&m_shown);
    m_list->setItemDelegate(new RunDelegate(runs, m_shown, m_list));
    m_list->setUniformItemSizes(true);
    m_list->setMouseTracking(true);
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setProperty("focusRing", false);
    auto* listRow = new QHBoxLayout;
    listRow->setContentsMargins(space::kXs, 0, space::kXs, 0);
    listRow->addWidget(m_list);
    column->addLayout(listRow, 1);
    connect(m_search, &QLineEdit::textChanged, &m_shown, &QSortFilterProxyModel::setFilterFixedString);
    connect(m_list->selectionModel(), &QItemSelectionModel::selectionChanged, this,
            &RunListPane::chosenChanged);
    connect(m_tags, &QComboBox::activated, this,
            [this] { m_shown.setTag(m_tags->currentData().toString()); });
    connect(&runs, &RunList::looked, this, [this] {
        showTags();
        // Also when the chosen run is gone: Qt makes its neighbour the current one, and chooses none.
        if (!m_list->selectionModel()->hasSelection() && m_shown.rowCount() > 0 && !isComparing())
            selectAlone(m_list->currentIndex().isValid() ? m_list->currentIndex() : m_shown.index(0, 0));
    });
}

/// All tags that runs have; there is nothing to choose without any.
void RunListPane::showTags()
{
    QStringList tags;
    for (int row = 0; row < m_runs.rowCount(); ++row)
        tags << m_runs.data(m_runs.index(row), RunList::TagsRole).toStringList();
    // A tag that its last run has lost stays until another is chosen: a list must not grow by itself.
    if (!m_shown.tag().isEmpty())
        tags << m_shown.tag();
    tags.removeDuplicates();
    tags.sort(Qt::CaseInsensitive);
    m_tags->setVisible(!tags.isEmpty());
    QStringList shown;
    for (int i = 1; i < m_tags->count(); ++i)
        shown << m_tags->itemData(i).toString();
    if (shown == tags && m_tags->count() > 0)
        return;
    const QSignalBlocker blocker(m_tags);
    m_tags->clear();
    m_tags->addItem(tr("All tags"), QString());
    for (const QString& tag : tags)
        m_tags->addItem(tag, tag);
    m_tags->setCurrentIndex(std::max(m_tags->findData(m_shown.tag()), 0));
}

QStringList RunListPane::chosen() const
{
    QStringList paths;
    const QModelIndex current = m_list->currentIndex();
    for (const QModelIndex& index : m_list->selectionModel()->selectedIndexes()) {
        const QString path = index.data(RunList::PathRole).toString();
        if (index == current)
            paths.prepend(path);
        else
            paths << path;
    }
    return paths;
}

void RunListPane::setComparing(bool isOn)
{
    m_compare->setChecked(isOn);
    m_list->setSelectionMode(isOn ? QAbstractItemView::MultiSelection : QAbstractItemView::ExtendedSelection);
    if (!isOn && m_list->currentIndex().isValid())
        selectAlone(m_list->currentIndex());
}

/// Whatever keys are held now: QListView::setCurrentIndex() looks at them.
void RunListPane::selectAlone(const QModelIndex& index)
{
    m_list->selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect);
}

bool RunListPane::isComparing() const
{
    return m_compare->isChecked();
}

void RunListPane::choose(const QString& path)
{
    for (int row = 0; row < m_shown.rowCount(); ++row)
        if (const QModelIndex index = m_shown.index(row, 0); index.data(RunList::PathRole).toString() == path)
            selectAlone(index);
}

void RunListPane::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::color(Role::Surface));
    painter.fillRect(width() - 1, 0, 1, height(), Theme::color(Role::Border));
}

}  // namespace facet::ui
