#pragma once

#include "ui/markdown/markdown_block.h"
#include "ui/markdown/text_block.h"

#include <QWidget>

#include <vector>

class QScrollBar;

namespace facet::ui {

/// A table of an answer. Columns take what they need, long sentences wrap, and what is still wider than the
/// answer scrolls sideways; numbers are set in mono.
class TableBlock final : public QWidget {
    Q_OBJECT

public:
    explicit TableBlock(QWidget* parent = nullptr);

    /// Another table, or the same with more rows: only those that changed are laid out again.
    void setTable(const MarkdownBlock& block);

    /// Lays it out for a width and gives its height.
    int layOut(int available);

    /// Takes the columns of the piece of the same table before it, and scrolls with it.
    void followColumns(const TableBlock& before);

    int numRows() const { return static_cast<int>(m_rows.size()); }

    /// By how many pixels it is scrolled to the right.
    int offset() const;

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    struct Cell {
        TextBlock text;
        int naturalWidth = 0;
        Qt::Alignment alignment = Qt::AlignLeft;
    };
    struct Row {
        std::vector<Cell> cells;
        int top = 0;
        int height = 0;
    };

    Row makeRow(const QList<RichText>& texts, bool isHead) const;
    void copy() const;
    void applyTheme();
    void placeScrollBar();

    MarkdownBlock m_block;
    QScrollBar* m_scroll;
    std::vector<Row> m_rows;
    std::vector<int> m_widths;
    std::vector<int> m_fixedWidths;
    int m_tableWidth = 0;
    int m_laidOutWidth = -1;
    int m_laidOutRows = 0;
    int m_height = 0;
};

}  // namespace facet::ui
