#include "ui/clusters/script_view.h"

#include "ui/markdown/code_colours.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

#include <QPaintEvent>
#include <QPainter>
#include <QScrollBar>
#include <QSyntaxHighlighter>
#include <QTextBlock>

namespace facet::ui {

namespace {

constexpr int kIcon = 14;

class ScriptColours final : public QSyntaxHighlighter {
public:
    using QSyntaxHighlighter::QSyntaxHighlighter;

protected:
    void highlightBlock(const QString& text) override
    {
        if (text.startsWith(QStringLiteral("#SBATCH"))) {  // a comment to bash, and what matters most here
            const qsizetype equals = text.indexOf(QLatin1Char('='));
            setFormat(7, static_cast<int>((equals < 0 ? text.size() : equals) - 7),
                      Theme::color(Role::CodeKey));
            if (equals > 0)
                setFormat(static_cast<int>(equals + 1), static_cast<int>(text.size()),
                          Theme::color(Role::CodeString));
            return;
        }
        int state = std::max(previousBlockState(), 0);
        for (const CodeToken& token : colourCode(QStringLiteral("bash"), text, state)) {
            const Role role = token.colour == CodeColour::Comment  ? Role::CodeComment
                              : token.colour == CodeColour::String ? Role::CodeString
                              : token.colour == CodeColour::Number ? Role::CodeNumber
                                                                   : Role::CodeKey;
            setFormat(token.start, token.length, Theme::color(role));
        }
        setCurrentBlockState(state);
    }
};

}  // namespace

class ScriptGutter final : public QWidget {
public:
    explicit ScriptGutter(ScriptView* view) : QWidget(view), m_view(view) {}

protected:
    void paintEvent(QPaintEvent* event) override { m_view->paintGutter(event); }

private:
    ScriptView* m_view;
};

ScriptView::ScriptView(ClusterDraft& draft, QWidget* parent)
    : QPlainTextEdit(parent), m_draft(draft), m_gutter(new ScriptGutter(this))
{
    setObjectName(QStringLiteral("clusterScript"));
    setAccessibleName(tr("Batch script"));
    setReadOnly(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setFrameShape(QFrame::NoFrame);
    setLineWrapMode(QPlainTextEdit::NoWrap);
    setTabChangesFocus(true);
    setCornerWidget(new QWidget);  // of the ground's colour, not the style's
    auto* colours = new ScriptColours(document());
    const auto applyTheme = [this, colours] {
        setFont(Theme::font(TextStyle::MonoSmall));
        colours->rehighlight();
        markLines();
    };
    applyTheme();
    connect(Theme::notifier(), &ThemeNotifier::changed, this, applyTheme);
    connect(this, &QPlainTextEdit::updateRequest, this, [this](const QRect&, int) { m_gutter->update(); });
    connect(&m_draft, &ClusterDraft::changed, this, [this] { show(false); });
    show(true);
}

void ScriptView::show(bool isForced)
{
    if (isForced || toPlainText() != m_draft.script()) {
        const int at = verticalScrollBar()->value();
        setPlainText(m_draft.script());
        verticalScrollBar()->setValue(at);
    }
    markLines();
}

void ScriptView::markLines()
{
    m_marks.clear();
    QList<QTextEdit::ExtraSelection> grounds;
    for (const jobs::Finding& finding : m_draft.findings()) {
        const int line = m_draft.lineOf(finding);
        if (line == 0)
            continue;
        const bool isRefused = finding.weight == jobs::Finding::Weight::Refused;
        m_marks[line] = m_marks.value(line, false) || isRefused;
        QTextEdit::ExtraSelection ground;
        ground.cursor = QTextCursor(document()->findBlockByNumber(line - 1));
        ground.format.setBackground(Theme::color(m_marks[line] ? Role::DangerSoft : Role::WarningSoft));
        ground.format.setProperty(QTextFormat::FullWidthSelection, true);
        grounds << ground;
    }
    setExtraSelections(grounds);
    const int digits = fontMetrics().horizontalAdvance(QStringLiteral("0000"));
    setViewportMargins(kIcon + digits + space::kL + space::kM, space::kS, 0, 0);
    m_gutter->update();
}

void ScriptView::paintEvent(QPaintEvent* event)
{
    // A palette of its own would not follow the theme: the application's style sheet brings the old one back.
    QPainter(viewport()).fillRect(event->rect(), Theme::color(Role::Sunken));
    QPlainTextEdit::paintEvent(event);
}

void ScriptView::resizeEvent(QResizeEvent* event)
{
    QPlainTextEdit::resizeEvent(event);
    const QRect inside = contentsRect();
    m_gutter->setGeometry(inside.left(), inside.top() + space::kS, viewportMargins().left(),
                          inside.height() - space::kS);
}

void ScriptView::paintGutter(QPaintEvent* event)
{
    QPainter painter(m_gutter);
    painter.fillRect(event->rect(), Theme::color(Role::Sunken));
    painter.setFont(font());
    for (QTextBlock block = firstVisibleBlock(); block.isValid(); block = block.next()) {
        const QRectF place = blockBoundingGeometry(block).translated(contentOffset());
        if (place.top() > event->rect().bottom())
            break;
        const int line = block.blockNumber() + 1;
        if (m_marks.contains(line)) {
            const bool isRefused = m_marks[line];
            painter.fillRect(QRectF(0, place.top(), m_gutter->width(), place.height()),
                             Theme::color(isRefused ? Role::DangerSoft : Role::WarningSoft));
            painter.drawPixmap(
                QPointF(space::kS, place.center().y() - kIcon / 2.0),
                Icons::pixmap(isRefused ? QStringLiteral("error") : QStringLiteral("warn"),
                              isRefused ? Role::Danger : Role::Warning, kIcon, devicePixelRatioF()));
        }
        painter.setPen(Theme::color(Role::Text3));
        painter.drawText(QRectF(0, place.top(), m_gutter->width() - space::kM, place.height()),
                         Qt::AlignRight | Qt::AlignVCenter, QString::number(line));
    }
}

}  // namespace facet::ui
