#include "ui/widgets/stack_bar.h"

#include "ui/theme/style_shapes.h"

#include <QHelpEvent>
#include <QPainterPath>
#include <QToolTip>

namespace facet::ui {

using namespace shapes;

StackBar::StackBar(int thickness, QWidget* parent) : QWidget(parent), m_thickness(thickness)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void StackBar::setParts(const QVector<Part>& parts, double whole)
{
    m_parts = parts;
    m_whole = whole;
    QStringList words;
    for (const Part& part : parts)
        words << (part.inWords.isEmpty() ? part.name : part.name + QStringLiteral(" ") + part.inWords);
    setAccessibleDescription(words.join(QStringLiteral(", ")));
    update();
}

QSize StackBar::sizeHint() const
{
    return {160, m_thickness};
}

QSize StackBar::minimumSizeHint() const
{
    return {40, m_thickness};
}

void StackBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Painted painted(&painter);
    double sum = 0;
    for (const Part& part : m_parts)
        sum += part.amount;
    const double scale = qMax(sum, m_whole);
    const QRectF bar(0, 0, width(), m_thickness);
    const qreal corner = qMin<qreal>(radius::kChip, m_thickness / 2.0);
    QPainterPath shape;
    shape.addRoundedRect(bar, corner, corner);
    painter.setClipPath(shape);
    painter.fillRect(bar, color(Role::Pressed));
    if (scale <= 0)
        return;

    const qreal limit = m_whole > 0 ? m_whole / scale * bar.width() : bar.width();
    const qreal gap = m_thickness >= 8 ? 1 : 0.75;
    qreal x = 0;
    for (const Part& part : m_parts) {
        const qreal width = part.amount / scale * bar.width();
        const qreal inside = qBound(0.0, limit - x, width);
        painter.fillRect(QRectF(x, 0, inside, bar.height()), color(part.role));
        painter.fillRect(QRectF(x + inside, 0, width - inside, bar.height()), color(Role::DangerFill));
        x += width;
        if (width > 2 * gap)
            painter.fillRect(QRectF(x - gap, 0, gap, bar.height()), color(Role::Surface));
    }
    if (sum > m_whole && m_whole > 0)
        painter.fillRect(QRectF(limit - 1, 0, 2, bar.height()), color(Role::Text));
}

bool StackBar::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip && !m_parts.isEmpty()) {
        QToolTip::showText(static_cast<QHelpEvent*>(event)->globalPos(), accessibleDescription(), this);
        return true;
    }
    return QWidget::event(event);
}

PartMark::PartMark(Role role, QWidget* parent) : QWidget(parent), m_role(role)
{
    setFixedSize(10, 10);
}

void PartMark::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Painted painted(&painter);
    drawPanel(&painter, rect(), color(m_role), Qt::transparent, 2, 0);
}

}  // namespace facet::ui
