#include "ui/markdown/text_block.h"

#include "ui/theme/theme.h"

#include <QFontMetricsF>
#include <QTextOption>

#include <algorithm>
#include <cmath>

namespace facet::ui {

static QFont fontFor(int heading, TextBlock::Font font)
{
    if (font == TextBlock::Font::Mono)
        return Theme::font(TextStyle::Mono);
    if (font == TextBlock::Font::Small)
        return Theme::font(TextStyle::SmallStrong);
    if (font == TextBlock::Font::Body)
        return Theme::font(TextStyle::Body);
    if (heading == 0)
        return Theme::font(TextStyle::Chat);
    QFont result = Theme::font(heading == 1 ? TextStyle::PageTitle : TextStyle::Section);
    if (heading == 2)
        result = Theme::font(TextStyle::PaneTitle);
    return result;
}

/// Of our table of type: 22 px for 14 px, as much in proportion for the rest.
static qreal lineHeight(const QFont& font)
{
    return std::max(std::round(font.pixelSize() * 22.0 / 14.0), std::ceil(QFontMetricsF(font).height()));
}

void TextBlock::setText(const RichText& text, int heading, Font font)
{
    m_text = text;
    m_heading = heading;
    m_font = font;
    m_layout = std::make_unique<QTextLayout>(text.text, fontFor(heading, font));
    m_layout->setCacheEnabled(true);
    format();
}

void TextBlock::format()
{
    QList<QTextLayout::FormatRange> ranges;
    for (const Span& span : m_text.spans) {
        QTextLayout::FormatRange range;
        range.start = span.start;
        range.length = span.length;
        if (span.styles & Bold)
            range.format.setFontWeight(QFont::DemiBold);
        if (span.styles & Italic)
            range.format.setFontItalic(true);
        if (span.styles & Strike)
            range.format.setFontStrikeOut(true);
        if (span.styles & InlineCode) {
            const QFont mono = Theme::font(TextStyle::Mono);
            range.format.setFontFamilies(mono.families());
            range.format.setProperty(QTextFormat::FontPixelSize, mono.pixelSize());
            range.format.setBackground(Theme::color(Role::Sunken));
        }
        if (span.styles & Marked) {
            range.format.setBackground(Theme::color(Role::ChangedSoft));
            range.format.setForeground(Theme::color(Role::Changed));
        }
        if (span.styles & Link) {
            range.format.setForeground(Theme::color(Role::AccentText));
            range.format.setFontUnderline(true);
        }
        ranges.append(range);
    }
    m_layout->setFormats(ranges);
}

void TextBlock::recolour()
{
    if (m_layout)
        setText(m_text, m_heading, m_font);
}

int TextBlock::layOut(int width, Qt::Alignment alignment)
{
    QTextOption option(alignment);
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    m_layout->setTextOption(option);
    const qreal step = lineHeight(m_layout->font());
    qreal y = 0;
    m_layout->beginLayout();
    for (QTextLine line = m_layout->createLine(); line.isValid(); line = m_layout->createLine()) {
        line.setLineWidth(width);
        line.setPosition({0, y + std::floor((step - line.height()) / 2)});
        y += step;
    }
    m_layout->endLayout();
    m_height = static_cast<int>(std::max(y, step));
    return m_height;
}

int TextBlock::naturalWidth() const
{
    return static_cast<int>(std::ceil(m_layout->lineCount() > 0 ? m_layout->maximumWidth() : 0)) + 1;
}

void TextBlock::paint(QPainter& painter, QPointF at, int from, int to) const
{
    if (!m_layout)
        return;
    painter.setPen(Theme::color(Role::Text));
    QList<QTextLayout::FormatRange> selections;
    if (from < to) {
        QTextLayout::FormatRange range;
        range.start = from;
        range.length = to - from;
        range.format.setBackground(Theme::color(Role::MaskLoss));
        range.format.setForeground(Theme::color(Role::Text));
        selections.append(range);
    }
    m_layout->draw(&painter, at, selections);
}

int TextBlock::positionAt(QPointF point) const
{
    if (!m_layout || m_layout->lineCount() == 0 || point.y() < 0)
        return 0;
    const qreal step = lineHeight(m_layout->font());
    const int index = std::min(static_cast<int>(point.y() / step), m_layout->lineCount() - 1);
    if (point.y() > m_height)
        return static_cast<int>(m_text.text.size());
    return m_layout->lineAt(index).xToCursor(point.x());
}

QString TextBlock::linkAt(QPointF point) const
{
    if (!m_layout || point.y() < 0 || point.y() > m_height)
        return {};
    const int position = positionAt(point);
    for (const Span& span : m_text.spans)
        if ((span.styles & Link) && position > span.start && position < span.start + span.length)
            return span.address;
    return {};
}

QPointF TextBlock::endOfText() const
{
    if (!m_layout || m_layout->lineCount() == 0)
        return {};
    const QTextLine last = m_layout->lineAt(m_layout->lineCount() - 1);
    return {last.cursorToX(static_cast<int>(m_text.text.size())), last.y() + last.height()};
}

}  // namespace facet::ui
