#pragma once

// Shows a Markdown text that grows. Text is painted here, block by block; code and tables are small widgets.
// Whatever is given to it, one slice of work handles at most kSliceCharacters; the rest follows in the next
// slices, what can be seen first, so that no frame is late because of a long answer.

#include "ui/markdown/markdown_document.h"
#include "ui/markdown/text_block.h"

#include <QTimer>
#include <QWidget>

#include <memory>
#include <vector>

namespace facet::ui {

class MarkdownView final : public QWidget {
    Q_OBJECT

public:
    static constexpr qsizetype kSliceCharacters = 4096;

    enum class Format { Markdown, Plain };

    explicit MarkdownView(Format format, QWidget* parent = nullptr);
    ~MarkdownView() override;

    /// Text in place of what is there.
    void setText(const QString& text, bool isFinished);
    void append(const QString& text);
    void finish();

    /// A block behind the last word, while it is being written.
    void setCaret(bool isShown);

    QString text() const { return m_text; }
    QString selectedText() const;

    /// What can be read of it, without Markdown's signs: blocks and cells of tables in lines of their own.
    /// Whole only after parsed().
    QString shownText() const;

    /// Stretches of shownText() that stand out, in order; another text has none.
    void setMarks(const QList<Span>& marks);

    /// Whether all that was given is parsed, and no more will come.
    bool isParsed() const { return m_isFinishFed; }

    /// For the width that it has.
    int contentHeight() const { return m_height; }

    /// Whether all that was given is laid out.
    bool isSettled() const;

    /// The most characters that one slice has handled, for tests.
    qsizetype largestSlice() const { return m_largestSlice; }

    /// The most processor time that a slice took.
    qint64 longestSliceNs() const { return m_longestSliceNs; }

    qsizetype numBlocks() const { return static_cast<qsizetype>(m_items.size()); }

    QSize sizeHint() const override { return {width(), m_height}; }

Q_SIGNALS:
    void heightChanged();
    void parsed();
    void linkActivated(const QString& address);
    void copied();

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    struct Item {
        MarkdownBlock block;
        std::unique_ptr<TextBlock> text;
        QWidget* widget = nullptr;  // a child: CodeBlock or TableBlock
        int top = 0;
        int height = 0;
        int width = -1;           // that it was laid out for
        bool isDirty = true;      // its content is not all shown
        bool isDeferred = false;  // its widget is made when it comes near to sight
    };
    struct Position {
        size_t item = 0;
        int character = 0;
        auto operator<=>(const Position&) const = default;
    };

    void work();
    qsizetype feed(qsizetype budget);
    void feedPlain(QStringView text);
    void takeBlocks();
    MarkdownBlock marked(MarkdownBlock block, int offset) const;
    qsizetype layOut(size_t index, qsizetype budget);
    void place();
    size_t firstBelow(int y) const;
    bool isNearSight(const Item& item) const;
    int leftOf(const MarkdownBlock& block) const;
    int gapBefore(size_t index) const;
    void dropItemsFrom(size_t index);
    Position positionAt(QPoint point) const;
    std::pair<int, int> selectionIn(size_t index) const;
    void select(Position anchor, Position cursor);
    void copy();
    const QList<MarkdownBlock>& blocks() const;

    const Format m_format;
    MarkdownDocument m_document;
    QList<MarkdownBlock> m_plainBlocks;
    QString m_text;
    qsizetype m_fed = 0;  // of m_text, that was given to the document
    bool m_isFinished = false;
    bool m_isFinishFed = false;
    QList<Span> m_marks;
    std::vector<Item> m_items;
    size_t m_firstStale = 0;  // items from here on may need work
    int m_height = 0;
    bool m_hasCaret = false;
    QTimer m_more;
    qsizetype m_largestSlice = 0;
    qint64 m_longestSliceNs = 0;
    Position m_anchor, m_cursor;
    bool m_isSelecting = false;
};

}  // namespace facet::ui
