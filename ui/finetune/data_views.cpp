#include "ui/finetune/data_views.h"

#include "ui/models/words.h"
#include "ui/theme/style_shapes.h"

#include <QScrollBar>

#include <algorithm>

namespace facet::ui {

using namespace shapes;

namespace {

constexpr int kGap = 3;
constexpr int kPictureBox = 36;

int boxHeight()
{
    return QFontMetrics(Theme::font(TextStyle::MonoSmall)).height() + 4;
}

Role groundOf(const ShownToken& token)
{
    if (token.isCut)
        return Role::MaskCut;
    switch (token.mask) {
        case ShownToken::Mask::Loss:
            return Role::MaskLoss;
        case ShownToken::Mask::Picture:
            return Role::MaskPicture;
        case ShownToken::Mask::None:
            break;
    }
    return Role::MaskNone;
}

}  // namespace

TokenView::TokenView(QWidget* parent) : QAbstractScrollArea(parent)
{
    setObjectName(QStringLiteral("tokenView"));
    setAccessibleName(tr("The row as the model sees it"));
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setMinimumHeight(200);
    viewport()->setAutoFillBackground(false);
    connect(Theme::notifier(), &ThemeNotifier::changed, this, [this] {
        layOut();
        viewport()->update();
    });
}

void TokenView::showRow(const ShownRow& row)
{
    m_row = row;
    QStringList words;
    for (const ShownToken& token : row.tokens.mid(0, 400))
        words << token.text;
    setAccessibleDescription(row.problem.isEmpty() ? words.join(QLatin1Char(' ')) : row.problem);
    verticalScrollBar()->setValue(0);
    layOut();
    viewport()->update();
}

void TokenView::layOut()
{
    const QFontMetrics metrics(Theme::font(TextStyle::MonoSmall));
    const int line = boxHeight();
    const int wide = viewport()->width() - 2 * space::kS;
    m_boxes.clear();
    int x = 0;
    int y = space::kS;
    int tall = line;
    for (const ShownToken& token : m_row.tokens) {
        const bool isPicture = token.mask == ShownToken::Mask::Picture;
        int width = qMin(metrics.horizontalAdvance(token.text) + 6, wide);
        if (isPicture)
            width = qMin(width + kPictureBox + space::kS, wide);
        if (x > 0 && x + width > wide) {
            x = 0;
            y += tall + kGap;
            tall = line;
        }
        tall = isPicture ? qMax(tall, kPictureBox) : tall;
        m_boxes.append(QRect(space::kS + x, y, width, isPicture ? kPictureBox : line));
        x += width + kGap;
    }
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(line + kGap);
    verticalScrollBar()->setRange(0, qMax(0, y + tall + space::kS - viewport()->height()));
}

void TokenView::resizeEvent(QResizeEvent* event)
{
    QAbstractScrollArea::resizeEvent(event);
    layOut();
}

void TokenView::paintEvent(QPaintEvent*)
{
    QPainter painter(viewport());
    const Painted painted(&painter);
    painter.fillRect(viewport()->rect(), color(Role::Surface));
    painter.setFont(Theme::font(m_row.problem.isEmpty() ? TextStyle::MonoSmall : TextStyle::Small));
    if (!m_row.problem.isEmpty()) {
        painter.setPen(color(Role::Danger));
        painter.drawText(viewport()->rect().adjusted(space::kM, space::kM, -space::kM, -space::kM),
                         Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, m_row.problem);
        return;
    }
    const int top = verticalScrollBar()->value();
    for (qsizetype i = 0; i < m_boxes.size(); ++i) {
        const QRect box = m_boxes[i].translated(0, -top);
        if (box.bottom() < 0 || box.top() > viewport()->height())
            continue;
        const ShownToken& token = m_row.tokens[i];
        drawPanel(&painter, box, color(groundOf(token)), Qt::transparent, 3, 0);
        const bool isFirstCut = token.isCut && (i == 0 || !m_row.tokens[i - 1].isCut);
        if (isFirstCut) {
            painter.setPen(QPen(color(Role::Danger), 2, Qt::DashLine));
            painter.drawLine(box.left() - 2, box.top(), box.left() - 2, box.bottom());
        }
        QRect text = box.adjusted(3, 0, 0, 0);
        if (token.mask == ShownToken::Mask::Picture) {
            const QRect place(box.left() + 3, box.top() + 3, kPictureBox - 6, kPictureBox - 6);
            if (token.picture.isNull())
                drawIcon(&painter, QStringLiteral("image"), Role::Text2, QRectF(place).center(), 20);
            else
                painter.drawImage(place, token.picture);
            text.setLeft(place.right() + space::kS);
        }
        painter.setPen(color(token.isCut ? Role::Danger : Role::Text));
        painter.drawText(text, Qt::AlignLeft | Qt::AlignVCenter, token.text);
    }
}

LengthHistogram::LengthHistogram(QWidget* parent) : QWidget(parent)
{
    setMinimumHeight(96);
    setAccessibleName(tr("Tokens in a row"));
}

void LengthHistogram::showLengths(const std::map<int64_t, int64_t>& rowsByLength, int64_t cutOff)
{
    m_bars.assign(kBars, 0);
    m_cutOff = cutOff;
    const int64_t longest = rowsByLength.empty() ? 0 : rowsByLength.rbegin()->first;
    m_span = std::max<int64_t>(kBars, (longest + kBars) / kBars * kBars);
    int64_t cut = 0;
    for (const auto& [length, count] : rowsByLength) {
        m_bars[static_cast<size_t>(std::min<int64_t>(kBars - 1, length * kBars / m_span))] += count;
        cut += length > cutOff ? count : 0;
    }
    setAccessibleDescription(tr("up to %1 tokens; %2 rows are longer than %3")
                                 .arg(words::integer(longest), words::integer(cut), words::integer(cutOff)));
    setVisible(!rowsByLength.empty());
    update();
}

void LengthHistogram::paintEvent(QPaintEvent*)
{
    if (m_bars.empty())
        return;
    QPainter painter(this);
    const Painted painted(&painter);
    painter.setFont(Theme::font(TextStyle::Caption));
    const int text = painter.fontMetrics().height();
    const QRect plot = rect().adjusted(0, text + 2, 0, -text - 2);
    const auto most = static_cast<double>(std::max<int64_t>(1, *std::ranges::max_element(m_bars)));
    const double step = plot.width() / static_cast<double>(kBars);
    const bool cuts = m_cutOff < m_span;
    const double limit =
        cuts ? static_cast<double>(m_cutOff) / static_cast<double>(m_span) * plot.width() : plot.width();
    for (int i = 0; i < kBars; ++i) {
        const int64_t count = m_bars[static_cast<size_t>(i)];
        if (count == 0)
            continue;
        const double tall = qMax(1.0, static_cast<double>(count) / most * plot.height());
        painter.fillRect(QRectF(i * step + 0.5, plot.bottom() + 1 - tall, step - 1, tall),
                         color(i * step >= limit ? Role::Danger : Role::Part1));
    }
    painter.fillRect(QRectF(0, plot.bottom() + 1, plot.width(), 1), color(Role::Axis));
    painter.setPen(color(Role::Text3));
    painter.drawText(rect(), Qt::AlignLeft | Qt::AlignBottom, QStringLiteral("0"));
    painter.drawText(rect(), Qt::AlignHCenter | Qt::AlignBottom, words::integer(m_span / 2));
    painter.drawText(rect(), Qt::AlignRight | Qt::AlignBottom, words::integer(m_span));
    if (!cuts)
        return;
    painter.setPen(QPen(color(Role::Danger), 1, Qt::DashLine));
    painter.drawLine(QPointF(limit, 0), QPointF(limit, plot.bottom()));
    const QString note = tr("cut-off %1").arg(words::integer(m_cutOff));
    const int wide = painter.fontMetrics().horizontalAdvance(note);
    painter.drawText(QPointF(qBound(0.0, limit - wide - 4, double(plot.width() - wide)), text - 2), note);
}

}  // namespace facet::ui
