#pragma once

#include "ui/markdown/markdown_block.h"

#include <QFrame>
#include <QPlainTextEdit>
#include <QSyntaxHighlighter>

namespace facet::ui {

class Label;

/// A block of code: its language and a copy button above, the code below, as high as it is.
class CodeBlock final : public QFrame {
    Q_OBJECT

public:
    explicit CodeBlock(QWidget* parent = nullptr);

    void setLanguage(const QString& language);

    /// Shows `code`, adding at most `budget` characters to what is there; the next call goes on.
    /// Gives how many it added.
    qsizetype showCode(const QString& code, qsizetype budget);

    /// Stretches of the code that stand out.
    void setMarks(const QList<Span>& marks);

    bool isWhole() const { return m_shown == m_code.size(); }

    /// The code does not wrap, so the width does not matter.
    int wantedHeight() const;

    /// What wantedHeight() will be, as long as no line is wider than the block.
    static int heightFor(const QString& code);

    QString code() const { return m_code; }

Q_SIGNALS:
    void copied();

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    class Colours;

    void applyTheme();
    void showMarks();

    Label* m_name;
    QPlainTextEdit* m_text;
    Colours* m_colours;
    QWidget* m_head;
    QString m_code;
    QList<Span> m_marks;
    qsizetype m_shown = 0;
    int m_numLines = 1;
};

}  // namespace facet::ui
