#include "ui/widgets/label.h"

#include <QPainter>

namespace facet::ui {

Label::Label(TextStyle style, Role role, QWidget* parent) : QLabel(parent), m_style(style), m_role(role)
{
    setTextFormat(Qt::PlainText);
    // Else a parent on a base ground has the text drawn in another role than the one that is set here.
    setForegroundRole(QPalette::WindowText);
    applyTheme();
    connect(Theme::notifier(), &ThemeNotifier::changed, this, &Label::applyTheme);
}

Label::Label(const QString& text, TextStyle style, Role role, QWidget* parent) : Label(style, role, parent)
{
    setText(text);
}

void Label::setTextStyle(TextStyle style)
{
    m_style = style;
    applyTheme();
}

void Label::setRole(Role role)
{
    if (role == m_role)
        return;
    m_role = role;
    applyTheme();
}

void Label::setElided(Qt::TextElideMode mode)
{
    m_elide = mode;
    updateGeometry();
}

QSize Label::minimumSizeHint() const
{
    const QSize size = QLabel::minimumSizeHint();
    return m_elide == Qt::ElideNone ? size : QSize(qMin(size.width(), 24), size.height());
}

void Label::paintEvent(QPaintEvent* event)
{
    if (m_elide == Qt::ElideNone || fontMetrics().horizontalAdvance(text()) <= contentsRect().width()) {
        if (m_elide != Qt::ElideNone)
            setToolTip({});
        QLabel::paintEvent(event);
        return;
    }
    setToolTip(text());
    QPainter painter(this);
    painter.setPen(palette().color(foregroundRole()));
    painter.drawText(contentsRect(), static_cast<int>(alignment()) | Qt::TextSingleLine,
                     fontMetrics().elidedText(text(), m_elide, contentsRect().width()));
}

void Label::applyTheme()
{
    setFont(Theme::font(m_style));
    QPalette colors = palette();
    colors.setColor(QPalette::WindowText, Theme::color(m_role));
    colors.setColor(QPalette::Disabled, QPalette::WindowText, Theme::color(Role::TextOff));
    setPalette(colors);
}

}  // namespace facet::ui
