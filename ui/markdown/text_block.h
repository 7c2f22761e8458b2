#pragma once

#include "ui/markdown/markdown_block.h"

#include <QPainter>
#include <QTextLayout>

#include <memory>

namespace facet::ui {

/// A laid out text with styles: a paragraph, a heading, an item of a list, a cell of a table.
class TextBlock {
public:
    enum class Font { Chat, Body, Small, Mono };

    /// Gives it another text; lay it out again then.
    void setText(const RichText& text, int heading = 0, Font font = Font::Chat);

    /// Breaks the text into lines of `width` and gives the height.
    int layOut(int width, Qt::Alignment alignment = Qt::AlignLeft);

    int height() const { return m_height; }

    /// Width without a break, or of the widest line after layOut().
    int naturalWidth() const;

    /// `from` and `to` are what is selected, in characters; equal: nothing.
    void paint(QPainter& painter, QPointF at, int from = 0, int to = 0) const;

    /// The character at a point of the block's own coordinates.
    int positionAt(QPointF point) const;

    /// The address of the link at a point, "" if there is none.
    QString linkAt(QPointF point) const;

    QString text() const { return m_text.text; }

    /// Colours are others now.
    void recolour();

    /// The end of the last line, for the caret.
    QPointF endOfText() const;

private:
    void format();

    RichText m_text;
    int m_heading = 0;
    Font m_font = Font::Chat;
    std::unique_ptr<QTextLayout> m_layout;
    int m_height = 0;
};

}  // namespace facet::ui
