#include "ui/runs/plot.h"

#include "ui/models/words.h"
#include "ui/runs/curve_math.h"
#include "ui/runs/run_words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/label.h"

// Its header uses the short names that we leave to Torch.
#define signals Q_SIGNALS
#define slots Q_SLOTS
#define foreach Q_FOREACH
#include <qcustomplot.h>
#undef signals
#undef slots
#undef foreach

#include <QElapsedTimer>
#include <QKeyEvent>
#include <QSvgGenerator>
#include <QTimer>

#include <algorithm>
#include <cmath>

namespace facet::ui {

namespace {

constexpr int kFewestTicks = 3;
constexpr int kPixelsPerTick = 110, kPixelsPerLine = 60;
constexpr int kLeastSide = 60;  // nothing is to be seen in less, and QCustomPlot warns of it
constexpr double kEndMark = 7, kMark = 8;

/// 0, 500, 1 k, 2.5 M; times as 10 min, 1 h.
class AxisTicker final : public QCPAxisTicker {
public:
    explicit AxisTicker(AxisKind kind) : m_kind(kind) {}

protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override
    {
        if (m_kind == AxisKind::Time)
            return words::duration(tick);
        if (tick >= 1e6)
            return QStringLiteral("%1 M").arg(tick / 1e6);
        return words::integer(std::llround(tick));
    }

private:
    AxisKind m_kind;
};

size_t nearest(const std::vector<double>& x, double value)
{
    const auto above = std::ranges::lower_bound(x, value);
    if (above == x.end())
        return x.size() - 1;
    const auto at = static_cast<size_t>(above - x.begin());
    return at > 0 && value - x[at - 1] < x[at] - value ? at - 1 : at;
}

}  // namespace

Role curveRole(int slot)
{
    return static_cast<Role>(static_cast<int>(Role::Curve1) + slot % 8);
}

Qt::PenStyle curveDash(int slot)
{
    constexpr std::array<Qt::PenStyle, 4> kDashes = {Qt::SolidLine, Qt::DashLine, Qt::DotLine,
                                                     Qt::DashDotLine};
    return kDashes[static_cast<size_t>(slot % 4)];
}

QChar curveEndMark(int slot)
{
    static const QString kMarks = QStringLiteral("●■▲◆○□△◇");
    return kMarks[slot % kMarks.size()];
}

QString axisText(AxisKind kind, double value)
{
    switch (kind) {
        case AxisKind::Step:
            return Plot::tr("step %1").arg(words::integer(std::llround(value)));
        case AxisKind::Tokens:
            return value >= 1e6 ? Plot::tr("%1 M tokens").arg(value / 1e6, 0, 'f', 2)
                                : Plot::tr("%1 tokens").arg(words::integer(std::llround(value)));
        case AxisKind::Time:
            return words::duration(value);
    }
    return {};
}

Plot::Plot(const QString& name, QWidget* parent)
    : QWidget(parent),
      m_plot(new QCustomPlot(this)),
      m_readOut(new Label(TextStyle::MonoSmall, Role::Text, this))
{
    setAccessibleName(name);
    setFocusPolicy(Qt::StrongFocus);
    m_plot->hide();
    m_plot->installEventFilter(this);
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_plot->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    m_plot->axisRect()->setRangeDrag(Qt::Horizontal);
    m_plot->axisRect()->setRangeZoom(Qt::Horizontal);
    m_plot->setNoAntialiasingOnDrag(true);
    m_plot->setPlottingHint(QCP::phFastPolylines);
    m_plot->xAxis->grid()->setZeroLinePen(Qt::NoPen);
    m_plot->yAxis->grid()->setZeroLinePen(Qt::NoPen);
    const auto makeMarks = [this](QCPScatterStyle::ScatterShape shape) {
        QCPGraph* graph = m_plot->addGraph();
        graph->setLineStyle(QCPGraph::lsNone);
        graph->setScatterStyle(QCPScatterStyle(shape, kMark));
        graph->setSelectable(QCP::stNone);
        return graph;
    };
    m_checkpoints = makeMarks(QCPScatterStyle::ssTriangle);
    m_resumes = makeMarks(QCPScatterStyle::ssCrossCircle);
    m_warnings = makeMarks(QCPScatterStyle::ssTriangleInverted);
    m_cursor = new QCPItemLine(m_plot);
    m_cursor->setVisible(false);
    m_readOut->setObjectName(QStringLiteral("plotReadOut"));
    m_readOut->setMargin(space::kS);
    m_readOut->setAutoFillBackground(true);
    m_readOut->setBackgroundRole(QPalette::ToolTipBase);
    m_readOut->setFrameShape(QFrame::Box);
    m_readOut->setAttribute(Qt::WA_TransparentForMouseEvents);
    m_readOut->hide();
    connect(m_plot->xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, [this] {
        if (m_isSettingRange)
            return;
        if (std::exchange(m_isFollowing, false))
            Q_EMIT followingChanged(false);
        draw();
    });
    connect(m_plot, &QCustomPlot::mouseMove, this,
            [this](QMouseEvent* event) { showCursor(event->position().x()); });
    connect(m_plot, &QCustomPlot::mousePress, this, [this] { setFocus(Qt::MouseFocusReason); });
    connect(m_plot, &QCustomPlot::mouseDoubleClick, this, [this] { setFollowing(true); });
    connect(Theme::notifier(), &ThemeNotifier::changed, this, &Plot::applyTheme);
    applyTheme();
}

void Plot::applyTheme()
{
    m_plot->setBackground(Theme::color(Role::Surface));
    for (QCPAxis* axis : {m_plot->xAxis, m_plot->yAxis}) {
        const QPen line(Theme::color(Role::Axis), 1);
        axis->setBasePen(line);
        axis->setTickPen(line);
        axis->setSubTickPen(Qt::NoPen);
        axis->setTickLabelFont(Theme::font(TextStyle::Caption));
        axis->setTickLabelColor(Theme::color(Role::Text3));
        axis->setNumberFormat(QStringLiteral("gb"));
        axis->grid()->setPen(QPen(Theme::color(Role::Grid), 1));
        axis->setTickLength(0, 4);
    }
    m_cursor->setPen(QPen(Theme::color(Role::Text2), 1, Qt::DashLine));
    m_checkpoints->setPen(QPen(Theme::color(Role::Text2), 1));
    m_resumes->setPen(QPen(Theme::color(Role::Info), 1.5));
    m_warnings->setPen(QPen(Theme::color(Role::Warning), 1.5));
    draw();
}

void Plot::setCurves(std::vector<PlotCurve> curves, std::vector<PlotMark> marks)
{
    m_curves = std::move(curves);
    m_marks = std::move(marks);
    draw();
}

void Plot::setAxis(AxisKind kind)
{
    m_axis = kind;
    fit();
}

void Plot::setLogarithmic(bool isLogarithmic)
{
    m_isLogarithmic = isLogarithmic;
    m_plot->yAxis->setScaleType(isLogarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    m_plot->yAxis->setTicker(isLogarithmic ? QSharedPointer<QCPAxisTicker>(new QCPAxisTickerLog)
                                           : QSharedPointer<QCPAxisTicker>(new QCPAxisTicker));
    draw();
}

void Plot::setClipping(bool isClipping)
{
    m_isClipping = isClipping;
    draw();
}

void Plot::setFollowing(bool isFollowing)
{
    if (m_isFollowing != isFollowing) {
        m_isFollowing = isFollowing;
        Q_EMIT followingChanged(isFollowing);
    }
    draw();
}

void Plot::fit()
{
    rangeFromCurves();
    draw();
}

void Plot::zoom(double factor)
{
    m_plot->xAxis->scaleRange(factor, m_cursor->visible() ? m_cursorAt : m_plot->xAxis->range().center());
}

void Plot::rangeFromCurves()
{
    double least = std::numeric_limits<double>::max(), greatest = std::numeric_limits<double>::lowest();
    for (const PlotCurve& curve : m_curves)
        if (!curve.x->empty()) {
            least = std::min(least, curve.x->front());
            greatest = std::max(greatest, curve.x->back());
        }
    if (least > greatest)
        least = 0, greatest = 1;
    if (least == greatest)
        greatest = least + 1;
    m_isSettingRange = true;
    m_plot->xAxis->setRange(std::min(least, greatest / 50), greatest + (greatest - least) / 50);
    m_isSettingRange = false;
}

void Plot::addEndMark(const PlotCurve& curve)
{
    using Style = QCPScatterStyle;
    constexpr std::array<Style::ScatterShape, 4> kShapes = {Style::ssCircle, Style::ssSquare,
                                                            Style::ssTriangle, Style::ssDiamond};
    if (curve.x->empty() || !std::isfinite(curve.y->back()))
        return;
    const QColor color = Theme::color(curveRole(curve.slot));
    const bool isFilled = curve.slot % 8 < 4;
    QCPGraph* graph = m_plot->addGraph();
    graph->setSelectable(QCP::stNone);
    graph->setLineStyle(QCPGraph::lsNone);
    graph->setScatterStyle(Style(kShapes[static_cast<size_t>(curve.slot % 4)], QPen(color, 1.5),
                                 isFilled ? color : Theme::color(Role::Surface), kEndMark));
    graph->setData({curve.x->back()}, {curve.y->back()}, true);
    m_graphs.push_back(graph);
}

void Plot::fillGraphs()
{
    for (QCPGraph* graph : m_graphs)
        m_plot->removeGraph(graph);
    m_graphs.clear();
    const QCPRange range = m_plot->xAxis->range();
    std::vector<double> x, y, seen;
    for (const PlotCurve& curve : m_curves) {
        decimate(*curve.x, *curve.y, range.lower, range.upper, std::max(1, m_plot->axisRect()->width()), x,
                 y);
        seen.insert(seen.end(), y.begin(), y.end());
        QCPGraph* graph = m_plot->addGraph();
        graph->setSelectable(QCP::stNone);
        graph->setData(QVector<double>(x.begin(), x.end()), QVector<double>(y.begin(), y.end()), true);
        QColor color = Theme::color(curveRole(curve.slot));
        if (curve.look == PlotCurve::Look::Faint)
            color.setAlphaF(0.25F);
        const bool isFaint = curve.look == PlotCurve::Look::Faint;
        graph->setPen(QPen(color,
                           isFaint                                ? 1
                           : curve.look == PlotCurve::Look::Rings ? 1.5
                                                                  : 2,
                           curve.look == PlotCurve::Look::Rings ? Qt::DashLine
                           : isFaint                            ? Qt::SolidLine
                                                                : curveDash(curve.slot)));
        // Thousands of smoothed strokes over each other take a painter seconds, and look like a band anyway.
        const bool isDense = x.size() > 2 * static_cast<size_t>(m_plot->axisRect()->width());
        graph->setAntialiased(!isDense);
        if (isDense)
            graph->setPen(QPen(color, 1));
        if (curve.look == PlotCurve::Look::Rings || curve.x->size() == 1)
            graph->setScatterStyle(
                QCPScatterStyle(QCPScatterStyle::ssCircle, color, Theme::color(Role::Surface), 6));
        m_graphs.push_back(graph);
        if (curve.look == PlotCurve::Look::Line)
            addEndMark(curve);
    }
    auto [low, high] = rangeWithoutOutliers(seen, m_isLogarithmic);
    if (!m_isClipping && !seen.empty()) {
        std::erase_if(seen, [&](double value) { return m_isLogarithmic && value <= 0; });
        if (!seen.empty()) {
            const auto [least, greatest] = std::ranges::minmax(seen);
            const double room = m_isLogarithmic ? 0 : (greatest - least) / 20;
            low = std::min(low, least - room);
            high = std::max(high, greatest + room);
        }
    }
    // So much room below and above that the marks there are seen whole.
    const double share = kMark / std::max(1.0, double(m_plot->axisRect()->height()));
    const double room = m_isLogarithmic ? std::pow(high / low, share) : share * (high - low);
    m_plot->yAxis->setRange(m_isLogarithmic ? low / room : low - room,
                            m_isLogarithmic ? high * room : high + room);
    QVector<double> places[3];
    for (const PlotMark& mark : m_marks)
        places[static_cast<int>(mark.kind)] << mark.x;
    const auto put = [](QCPGraph* graph, const QVector<double>& at, double height) {
        graph->setData(at, QVector<double>(at.size(), height), false);
    };
    put(m_checkpoints, places[0], low);
    put(m_resumes, places[1], low);
    put(m_warnings, places[2], high);
}

/// Before it was laid out it has a size of which nothing is left for the axes.
bool Plot::hasRoom() const
{
    return width() >= kLeastSide && height() >= kLeastSide;
}

void Plot::draw()
{
    m_isStale = true;
    if (!isVisible() || !hasRoom() || std::exchange(m_isWaiting, true))
        return;
    QTimer::singleShot(0, this, [this] {
        m_isWaiting = false;
        if (m_isStale && isVisible() && hasRoom())
            drawNow(/*isInPaint=*/false);
    });
}

/// Whoever looks earlier than that sees it drawn, too.
bool Plot::eventFilter(QObject* object, QEvent* event)
{
    if (object == m_plot && event->type() == QEvent::Paint && m_isStale && hasRoom())
        drawNow(/*isInPaint=*/true);
    return QWidget::eventFilter(object, event);
}

void Plot::drawNow(bool isInPaint)
{
    m_isStale = false;
    QElapsedTimer timer;
    timer.start();
    if (m_isFollowing)
        rangeFromCurves();
    const auto ticker = QSharedPointer<AxisTicker>::create(m_axis);
    ticker->setTickCount(std::max(kFewestTicks, width() / kPixelsPerTick));
    if (!m_isLogarithmic)
        m_plot->yAxis->ticker()->setTickCount(std::max(kFewestTicks, height() / kPixelsPerLine));
    m_plot->xAxis->setTicker(ticker);
    fillGraphs();
    m_plot->replot(isInPaint ? QCustomPlot::rpQueuedRefresh : QCustomPlot::rpImmediateRefresh);
    m_drawMilliseconds = static_cast<double>(timer.nsecsElapsed()) / 1e6;
    ++m_numDrawn;
}

void Plot::drawCursor()
{
    if (isVisible() && hasRoom())
        m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void Plot::moveCursor(int pixels)
{
    const QCPAxis* axis = m_plot->xAxis;
    const double from =
        m_cursor->visible() ? axis->coordToPixel(m_cursorAt) : m_plot->axisRect()->center().x();
    showCursor(
        std::clamp(from + pixels, double(m_plot->axisRect()->left()), double(m_plot->axisRect()->right())));
}

void Plot::showCursor(double pixel)
{
    const QRect inside = m_plot->axisRect()->rect();
    if (m_curves.empty() || pixel < inside.left() || pixel > inside.right()) {
        hideCursor();
        return;
    }
    m_cursorAt = m_plot->xAxis->pixelToCoord(pixel);
    QStringList lines = {axisText(m_axis, m_cursorAt)};
    for (const PlotCurve& curve : m_curves)
        if (!curve.x->empty()) {
            const size_t at = nearest(*curve.x, m_cursorAt);
            lines << QStringLiteral("%1  %2").arg(curve.name, words::number((*curve.y)[at]));
        }
    for (const PlotMark& mark : m_marks)
        if (std::abs(m_plot->xAxis->coordToPixel(mark.x) - pixel) < 5)
            lines << mark.text;
    m_cursor->start->setCoords(m_cursorAt, m_plot->yAxis->range().lower);
    m_cursor->end->setCoords(m_cursorAt, m_plot->yAxis->range().upper);
    m_cursor->setVisible(true);
    m_readOut->setText(lines.join(QLatin1Char('\n')));
    setAccessibleDescription(m_readOut->text());
    m_readOut->adjustSize();
    const int right = static_cast<int>(pixel) + space::kM;
    const bool isLeft = right + m_readOut->width() > width();
    m_readOut->move(isLeft ? static_cast<int>(pixel) - space::kM - m_readOut->width() : right, space::kM);
    m_readOut->show();
    drawCursor();
}

void Plot::hideCursor()
{
    if (!m_cursor->visible())
        return;
    m_cursor->setVisible(false);
    m_readOut->hide();
    drawCursor();
}

QString Plot::readOut() const
{
    return m_cursor->visible() ? m_readOut->text() : QString();
}

QPixmap Plot::picture()
{
    if (m_isStale)
        drawNow(/*isInPaint=*/true);
    return m_plot->toPixmap(0, 0, 2);
}

bool Plot::exportTo(const QString& file)
{
    if (m_isStale)
        drawNow(/*isInPaint=*/true);
    if (file.endsWith(QStringLiteral(".pdf"), Qt::CaseInsensitive))
        return m_plot->savePdf(file);
    if (!file.endsWith(QStringLiteral(".svg"), Qt::CaseInsensitive))
        return m_plot->savePng(file, 0, 0, 2);
    QSvgGenerator generator;
    generator.setFileName(file);
    generator.setSize(m_plot->size());
    generator.setViewBox(m_plot->rect());
    QCPPainter painter;
    if (!painter.begin(&generator))
        return false;
    painter.setMode(QCPPainter::pmVectorized);
    painter.setMode(QCPPainter::pmNoCaching);
    m_plot->toPainter(&painter, m_plot->width(), m_plot->height());
    return painter.end();
}

void Plot::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    m_plot->setVisible(hasRoom());
    if (!hasRoom())
        return;
    m_plot->setGeometry(rect());
    draw();
}

void Plot::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    if (m_isStale)
        draw();
}

void Plot::leaveEvent(QEvent* event)
{
    QWidget::leaveEvent(event);
    hideCursor();
}

void Plot::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
        case Qt::Key_Left:
            moveCursor(event->modifiers() & Qt::ShiftModifier ? -1 : -10);
            return;
        case Qt::Key_Right:
            moveCursor(event->modifiers() & Qt::ShiftModifier ? 1 : 10);
            return;
        case Qt::Key_Plus:
        case Qt::Key_Equal:
            zoom(0.5);
            return;
        case Qt::Key_Minus:
            zoom(2);
            return;
        case Qt::Key_0:
            setFollowing(true);
            return;
        case Qt::Key_Escape:
            hideCursor();
            return;
        default:
            QWidget::keyPressEvent(event);
    }
}

}  // namespace facet::ui
