#include "ui/finetune/pack_view.h"

#include "ui/models/words.h"
#include "ui/theme/style_shapes.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>

namespace facet::ui {

using namespace shapes;

namespace {

constexpr int kLine = 24;
constexpr int kBar = 14;
constexpr int kNumbers = 56;  // left of a bar
constexpr int kShares = 60;   // right of it

/// Where each block of a sequence ends, as a share of the capacity.
template <typename Visit>
void forEachBlock(const PackedRows& sequence, int64_t capacity, QRectF bar, const Visit& visit)
{
    double from = 0;
    for (const PackedRow& each : sequence) {
        const double to = from + static_cast<double>(each.length) / static_cast<double>(capacity);
        visit(each,
              QRectF(bar.left() + from * bar.width(), bar.top(), (to - from) * bar.width(), bar.height()));
        from = to;
    }
}

void drawSequence(QPainter& painter, const PackedRows& sequence, int64_t capacity, QRectF bar, int64_t row)
{
    painter.fillRect(bar, color(Role::Pressed));
    forEachBlock(sequence, capacity, bar, [&](const PackedRow& each, QRectF block) {
        painter.fillRect(block, color(each.row == row ? Role::Part1 : Role::Part5));
    });
    // Marks between, where attention ends; in red where the row itself was cut.
    forEachBlock(sequence, capacity, bar, [&](const PackedRow& each, QRectF block) {
        if (each.isCut)
            painter.fillRect(QRectF(block.right() - 3, bar.top(), 3, bar.height()), color(Role::Danger));
        else if (block.right() < bar.right() - 1)
            painter.fillRect(QRectF(block.right() - 0.5, bar.top(), 1, bar.height()), color(Role::Surface));
    });
}

double fillOf(const PackedRows& sequence, int64_t capacity)
{
    int64_t tokens = 0;
    for (const PackedRow& each : sequence)
        tokens += each.length;
    return capacity > 0 ? static_cast<double>(tokens) / static_cast<double>(capacity) : 0;
}

QString percent(double share)
{
    return QStringLiteral("%1 %").arg(100 * share, 0, 'f', 1);
}

}  // namespace

QString inWords(const DataPreview::Packs& packs, qsizetype sequence)
{
    const PackedRows& rows = packs.sequences[static_cast<size_t>(sequence)];
    const QString count = rows.size() == 1
                              ? QObject::tr("1 row")
                              : QObject::tr("%1 rows").arg(words::integer(static_cast<qint64>(rows.size())));
    return QObject::tr("Sequence %1 of %2: %3, %4 full")
        .arg(words::integer(sequence + 1), words::integer(static_cast<qint64>(packs.sequences.size())), count,
             percent(fillOf(rows, packs.capacity)));
}

PackBar::PackBar(QWidget* parent) : QWidget(parent)
{
    setFixedHeight(12);
    setAccessibleName(tr("The sequence that the row is packed into"));
}

void PackBar::showSequence(const PackedRows* sequence, int64_t capacity, int64_t row)
{
    m_sequence = sequence ? *sequence : PackedRows();
    m_capacity = capacity;
    m_row = row;
    setVisible(sequence != nullptr);
    update();
}

void PackBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    if (m_capacity > 0)
        drawSequence(painter, m_sequence, m_capacity, rect(), m_row);
}

PackView::PackView(QWidget* parent) : QAbstractScrollArea(parent)
{
    setObjectName(QStringLiteral("packView"));
    setAccessibleName(tr("Packed sequences"));
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setMinimumHeight(200);
    viewport()->setAutoFillBackground(false);
    connect(Theme::notifier(), &ThemeNotifier::changed, this, [this] { viewport()->update(); });
}

void PackView::showPacks(const std::shared_ptr<const DataPreview::Packs>& packs)
{
    m_packs = packs ? packs : std::make_shared<const DataPreview::Packs>();
    updateRange();
    select(m_row);
}

void PackView::select(int64_t row)
{
    m_row = row;
    m_place = m_packs->placeOf(row);
    if (m_place.sequence >= 0) {
        const int top = space::kS + static_cast<int>(m_place.sequence) * kLine;
        QScrollBar* bar = verticalScrollBar();
        bar->setValue(std::clamp(bar->value(), top + kLine - viewport()->height(), top));
    }
    describe();
    viewport()->update();
}

/// The next key counts from there, before the row has been read.
void PackView::choose(int64_t row)
{
    select(row);
    Q_EMIT chosen(row);
}

void PackView::describe()
{
    QString text = tr("Nothing is packed yet");
    if (m_place.sequence >= 0) {
        const PackedRow& row =
            m_packs->sequences[static_cast<size_t>(m_place.sequence)][static_cast<size_t>(m_place.block)];
        text = tr("%1; row %2 with %3 tokens")
                   .arg(inWords(*m_packs, m_place.sequence), words::integer(row.row + 1),
                        words::integer(row.length));
    } else if (!m_packs->sequences.empty()) {
        text = tr("%1 sequences").arg(words::integer(static_cast<qint64>(m_packs->sequences.size())));
    }
    setAccessibleDescription(text);
}

void PackView::updateRange()
{
    const auto all = static_cast<int64_t>(m_packs->sequences.size()) * kLine + 2 * space::kS;
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(kLine);
    verticalScrollBar()->setRange(
        0, static_cast<int>(std::clamp<int64_t>(all - viewport()->height(), 0, 2'000'000'000)));
}

QRectF PackView::barOf(qsizetype sequence) const
{
    const qsizetype top = space::kS + sequence * kLine - verticalScrollBar()->value() + (kLine - kBar) / 2;
    return {kNumbers, static_cast<qreal>(top), static_cast<qreal>(viewport()->width() - kNumbers - kShares),
            kBar};
}

void PackView::resizeEvent(QResizeEvent* event)
{
    QAbstractScrollArea::resizeEvent(event);
    updateRange();
}

void PackView::paintEvent(QPaintEvent*)
{
    QPainter painter(viewport());
    const Painted painted(&painter);
    painter.fillRect(viewport()->rect(), color(Role::Surface));
    if (m_packs->sequences.empty()) {
        painter.setFont(Theme::font(TextStyle::Small));
        painter.setPen(color(Role::Text3));
        painter.drawText(viewport()->rect(), Qt::AlignCenter,
                         tr("Sequences appear once all rows are counted"));
        return;
    }
    painter.setFont(Theme::font(TextStyle::MonoSmall));
    painter.setRenderHint(QPainter::Antialiasing, false);
    const auto numLines = static_cast<qsizetype>(m_packs->sequences.size());
    const qsizetype first = std::max(0, (verticalScrollBar()->value() - space::kS) / kLine);
    const qsizetype last = std::min<qsizetype>(numLines, first + viewport()->height() / kLine + 2);
    for (qsizetype i = first; i < last; ++i) {
        const PackedRows& sequence = m_packs->sequences[static_cast<size_t>(i)];
        const QRectF bar = barOf(i);
        const QRectF line(0, bar.top() - (kLine - kBar) / 2.0, viewport()->width(), kLine);
        if (i == m_place.sequence)
            painter.fillRect(line, color(hasFocus() ? Role::Selected : Role::Hover));
        painter.setPen(color(Role::Text3));
        painter.drawText(QRectF(0, line.top(), kNumbers - space::kS, kLine),
                         Qt::AlignRight | Qt::AlignVCenter, words::integer(i + 1));
        painter.drawText(QRectF(bar.right(), line.top(), kShares - space::kS, kLine),
                         Qt::AlignRight | Qt::AlignVCenter, percent(fillOf(sequence, m_packs->capacity)));
        drawSequence(painter, sequence, m_packs->capacity, bar, m_row);
    }
}

int64_t PackView::rowAt(QPointF point) const
{
    const auto line = static_cast<qsizetype>((point.y() - space::kS + verticalScrollBar()->value()) / kLine);
    if (line < 0 || line >= static_cast<qsizetype>(m_packs->sequences.size()))
        return -1;
    int64_t row = -1;
    forEachBlock(m_packs->sequences[static_cast<size_t>(line)], m_packs->capacity, barOf(line),
                 [&](const PackedRow& each, QRectF block) {
                     if (point.x() >= block.left() && point.x() < block.right())
                         row = each.row;
                 });
    return row;
}

void PackView::mousePressEvent(QMouseEvent* event)
{
    if (const int64_t row = rowAt(event->position()); row >= 0)
        choose(row);
}

void PackView::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (const int64_t row = rowAt(event->position()); row >= 0)
        Q_EMIT opened(row);
}

bool PackView::viewportEvent(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QAbstractScrollArea::viewportEvent(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const int64_t row = rowAt(help->pos());
    const DataPreview::PackPlace place = m_packs->placeOf(row);
    if (place.sequence < 0) {
        QToolTip::hideText();
        return true;
    }
    const PackedRow& block =
        m_packs->sequences[static_cast<size_t>(place.sequence)][static_cast<size_t>(place.block)];
    QToolTip::showText(
        help->globalPos(),
        block.isCut
            ? tr("Row %1, cut at %2 tokens").arg(words::integer(row + 1), words::integer(block.length))
            : tr("Row %1, %2 tokens").arg(words::integer(row + 1), words::integer(block.length)),
        this);
    return true;
}

void PackView::keyPressEvent(QKeyEvent* event)
{
    const auto numLines = static_cast<qsizetype>(m_packs->sequences.size());
    if (numLines == 0) {
        QAbstractScrollArea::keyPressEvent(event);
        return;
    }
    qsizetype sequence = std::max<qsizetype>(0, m_place.sequence);
    qsizetype block = std::max<qsizetype>(0, m_place.block);
    const qsizetype page = std::max<qsizetype>(1, viewport()->height() / kLine);
    switch (event->key()) {
        case Qt::Key_Up:
            --sequence;
            break;
        case Qt::Key_Down:
            sequence += m_place.sequence < 0 ? 0 : 1;
            break;
        case Qt::Key_PageUp:
            sequence -= page;
            break;
        case Qt::Key_PageDown:
            sequence += page;
            break;
        case Qt::Key_Home:
            sequence = block = 0;
            break;
        case Qt::Key_End:
            sequence = numLines - 1;
            break;
        case Qt::Key_Left:
            --block;
            break;
        case Qt::Key_Right:
            ++block;
            break;
        case Qt::Key_Return:
        case Qt::Key_Enter:
        case Qt::Key_Space:
            if (m_place.sequence >= 0)
                Q_EMIT opened(m_row);
            return;
        default:
            QAbstractScrollArea::keyPressEvent(event);
            return;
    }
    sequence = std::clamp<qsizetype>(sequence, 0, numLines - 1);
    const PackedRows& rows = m_packs->sequences[static_cast<size_t>(sequence)];
    block = std::clamp<qsizetype>(block, 0, static_cast<qsizetype>(rows.size()) - 1);
    choose(rows[static_cast<size_t>(block)].row);
}

}  // namespace facet::ui
