#include "ui/markdown/code_block.h"

#include "ui/markdown/code_colours.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QClipboard>
#include <QEvent>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>
#include <QVBoxLayout>

#include <algorithm>

namespace facet::ui {

static constexpr int kHeadHeight = 28;

class CodeBlock::Colours final : public QSyntaxHighlighter {
public:
    using QSyntaxHighlighter::QSyntaxHighlighter;

    void setLanguage(const QString& language)
    {
        m_language = language;
        rehighlight();
    }

protected:
    void highlightBlock(const QString& text) override
    {
        int state = std::max(previousBlockState(), 0);
        for (const CodeToken& token : colourCode(m_language, text, state))
            setFormat(token.start, token.length, colourOf(token.colour));
        setCurrentBlockState(state);
    }

private:
    static QColor colourOf(CodeColour colour)
    {
        switch (colour) {
            case CodeColour::Keyword:
                return Theme::color(Role::CodeKey);
            case CodeColour::String:
                return Theme::color(Role::CodeString);
            case CodeColour::Number:
                return Theme::color(Role::CodeNumber);
            case CodeColour::Comment:
                return Theme::color(Role::CodeComment);
        }
        return {};
    }

    QString m_language;
};

CodeBlock::CodeBlock(QWidget* parent) : QFrame(parent)
{
    setObjectName(QStringLiteral("codeBlock"));
    setAccessibleName(tr("Code"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1, 1, 1, 1);
    column->setSpacing(0);
    m_head = new QWidget(this);
    m_head->setFixedHeight(kHeadHeight);
    auto* head = new QHBoxLayout(m_head);
    head->setContentsMargins(space::kM, 0, space::kXs, 0);
    m_name = new Label(TextStyle::Small, Role::Text2, m_head);
    QToolButton* copy =
        makeIconButton(QStringLiteral("codeCopy"), QStringLiteral("copy"), tr("Copy code"), m_head);
    setCompact(copy);
    copy->setFixedSize(24, 24);
    copy->setIconSize({16, 16});
    head->addWidget(m_name);
    head->addStretch();
    head->addWidget(copy);
    m_text = new QPlainTextEdit(this);
    m_text->setObjectName(QStringLiteral("codeText"));
    m_text->setAccessibleName(tr("Code"));
    m_text->setReadOnly(true);
    m_text->setProperty("bare", true);
    m_text->setProperty("focusRing", false);
    m_text->setFrameShape(QFrame::NoFrame);
    m_text->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_text->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_text->setTabChangesFocus(true);
    m_text->document()->setDocumentMargin(0);
    m_text->document()->setUndoRedoEnabled(false);
    m_text->viewport()->installEventFilter(this);
    m_colours = new Colours(m_text->document());
    column->addWidget(m_head);
    auto* inset = new QVBoxLayout;
    inset->setContentsMargins(space::kM, space::kS, space::kM, space::kS);
    inset->addWidget(m_text);
    column->addLayout(inset, 1);
    connect(copy, &QToolButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(m_code);
        Q_EMIT copied();
    });
    connect(Theme::notifier(), &ThemeNotifier::changed, this, &CodeBlock::applyTheme);
    applyTheme();
}

void CodeBlock::applyTheme()
{
    const QFont mono = Theme::font(TextStyle::Mono);
    m_text->setFont(mono);
    m_text->setTabStopDistance(4 * QFontMetricsF(mono).horizontalAdvance(u' '));
    QPalette palette = m_text->palette();
    palette.setColor(QPalette::Base, Theme::color(Role::Sunken));
    m_text->setPalette(palette);
    m_text->viewport()->setAutoFillBackground(true);
    m_colours->rehighlight();
    showMarks();
}

void CodeBlock::setLanguage(const QString& language)
{
    m_name->setText(language.isEmpty() ? tr("text") : language);
    setAccessibleName(language.isEmpty() ? tr("Code") : tr("Code in %1").arg(language));
    m_colours->setLanguage(language);
}

qsizetype CodeBlock::showCode(const QString& code, qsizetype budget)
{
    if (!code.startsWith(QStringView(m_code).first(m_shown))) {
        m_text->clear();
        m_shown = 0;
        m_numLines = 1;
    }
    m_code = code;
    const QStringView part = QStringView(code).sliced(m_shown, std::min(budget, code.size() - m_shown));
    if (part.isEmpty())
        return 0;
    QTextCursor cursor(m_text->document());
    cursor.movePosition(QTextCursor::End);
    cursor.insertText(part.toString());
    m_shown += part.size();
    m_numLines += static_cast<int>(part.count(u'\n'));
    showMarks();
    return part.size();
}

void CodeBlock::setMarks(const QList<Span>& marks)
{
    if (marks == m_marks)
        return;
    m_marks = marks;
    showMarks();
}

void CodeBlock::showMarks()
{
    QList<QTextEdit::ExtraSelection> selections;
    for (const Span& mark : m_marks) {
        if (mark.start + mark.length > m_shown)
            break;
        QTextEdit::ExtraSelection selection;
        selection.cursor = QTextCursor(m_text->document());
        selection.cursor.setPosition(mark.start);
        selection.cursor.setPosition(mark.start + mark.length, QTextCursor::KeepAnchor);
        selection.format.setBackground(Theme::color(Role::ChangedSoft));
        selection.format.setForeground(Theme::color(Role::Changed));
        selections.append(selection);
    }
    m_text->setExtraSelections(selections);
}

static int heightOfLines(int numLines)
{
    const int line = QFontMetrics(Theme::font(TextStyle::Mono)).lineSpacing();
    return kHeadHeight + 2 + numLines * line + 2 * space::kS + 1;
}

int CodeBlock::heightFor(const QString& code)
{
    return heightOfLines(1 + static_cast<int>(code.count(u'\n')));
}

int CodeBlock::wantedHeight() const
{
    const QScrollBar* bar = m_text->horizontalScrollBar();
    return heightOfLines(m_numLines) + (bar->maximum() > 0 ? bar->sizeHint().height() : 0);
}

bool CodeBlock::eventFilter(QObject* object, QEvent* event)
{
    // The thread scrolls, not the code in it.
    if (event->type() == QEvent::Wheel) {
        event->ignore();
        return true;
    }
    return QFrame::eventFilter(object, event);
}

void CodeBlock::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Theme::color(Role::Border));
    painter.setBrush(Theme::color(Role::Sunken));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius::kControl,
                            radius::kControl);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.drawLine(1, kHeadHeight, width() - 2, kHeadHeight);
}

}  // namespace facet::ui
