#include "ui/runs/log_view.h"

#include "ui/theme/theme.h"

#include <QFile>
#include <QFileInfo>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>
#include <chrono>

namespace facet::ui {

namespace {

constexpr int kScrollSteps = 100'000;  // an int cannot hold a place in 10 GB
constexpr qint64 kLongestLine = 4096;
constexpr int kWheelLines = 3;

}  // namespace

LogView::LogView(QWidget* parent) : QAbstractScrollArea(parent)
{
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Log"));
    m_timer.setInterval(std::chrono::milliseconds(300));
    connect(&m_timer, &QTimer::timeout, this, &LogView::poll);
    connect(verticalScrollBar(), &QScrollBar::valueChanged, this, [this](int value) {
        if (m_isShowingPlace)
            return;
        m_isFollowing = value == verticalScrollBar()->maximum();
        if (m_isFollowing)
            readEnd();
        else
            readFrom(m_size / kScrollSteps * value + m_size % kScrollSteps * value / kScrollSteps);
    });
    m_timer.start();
}

void LogView::open(const std::filesystem::path& file)
{
    m_path = QString::fromStdString(file.string());
    m_isFollowing = true;
    m_size = -1;
    poll();
}

int LogView::numVisible() const
{
    return std::max(1, viewport()->height() / QFontMetrics(Theme::font(TextStyle::MonoSmall)).lineSpacing());
}

QByteArray LogView::readPiece(qint64 from, qint64 count) const
{
    QFile file(m_path);
    if (count <= 0 || m_path.isEmpty() || !file.open(QIODevice::ReadOnly | QIODevice::Unbuffered) ||
        !file.seek(from))
        return {};
    return file.read(count);
}

void LogView::poll()
{
    if (!isVisible() || m_path.isEmpty())
        return;
    const QFileInfo info(m_path);
    const qint64 size = info.exists() ? info.size() : 0;
    if (size == m_size)
        return;
    m_size = size;
    if (m_isFollowing || m_top > size)
        readEnd();
    else
        showPlace();
}

void LogView::readFrom(qint64 offset)
{
    // From the beginning of the line that the offset lies in.
    const qint64 before = std::max<qint64>(0, offset - kLongestLine);
    const QByteArray head = readPiece(before, offset - before);
    const qsizetype newline = head.lastIndexOf('\n');
    m_top = newline < 0 ? before : before + newline + 1;
    const QByteArray text = readPiece(m_top, (numVisible() + 1) * kLongestLine);
    m_lines.clear();
    m_offsets.clear();
    for (qsizetype begin = 0; begin < text.size() && m_lines.size() <= numVisible();) {
        qsizetype end = text.indexOf('\n', begin);
        end = end < 0 ? text.size() : end;
        m_offsets << m_top + begin;
        m_lines << QString::fromUtf8(text.mid(begin, std::min<qint64>(end - begin, kLongestLine)))
                       .remove(QLatin1Char('\r'));
        begin = end + 1;
    }
    showPlace();
}

void LogView::readEnd()
{
    const qint64 from = std::max<qint64>(0, m_size - numVisible() * kLongestLine);
    const QByteArray text = readPiece(from, m_size - from);
    qsizetype begin = text.size();
    for (int line = 0; line <= numVisible() && begin > 0; ++line) {
        if (line == 0 && text.endsWith('\n'))
            --begin;
        begin = text.lastIndexOf('\n', begin - 1);
        if (begin < 0)
            break;
    }
    readFrom(from + std::max<qsizetype>(begin + 1, 0));
}

void LogView::moveBy(int lines)
{
    m_isFollowing = false;
    qint64 place = m_top;
    if (lines > 0) {
        place = m_offsets.value(std::min<qsizetype>(lines, m_offsets.size() - 1), m_top);
    } else {
        const qint64 from = std::max<qint64>(0, m_top + lines * kLongestLine);
        const QByteArray text = readPiece(from, m_top - from);
        qsizetype begin = text.size();
        for (int line = 0; line > lines && begin > 0; --line)
            begin = begin >= 2 ? text.lastIndexOf('\n', begin - 2) + 1 : 0;
        place = from + begin;
    }
    readFrom(place);
    if (m_lines.size() < numVisible() && lines > 0) {
        m_isFollowing = true;
        readEnd();
    }
}

void LogView::showPlace()
{
    m_isShowingPlace = true;
    verticalScrollBar()->setRange(0, m_top > 0 || m_lines.size() > numVisible() ? kScrollSteps : 0);
    verticalScrollBar()->setPageStep(kScrollSteps / 20);
    verticalScrollBar()->setValue(
        m_isFollowing ? kScrollSteps
                      : static_cast<int>(double(m_top) / double(std::max<qint64>(m_size, 1)) * kScrollSteps));
    m_isShowingPlace = false;
    setAccessibleDescription(m_lines.mid(std::max<qsizetype>(0, m_lines.size() - 5)).join(QLatin1Char('\n')));
    viewport()->update();
}

void LogView::paintEvent(QPaintEvent*)
{
    QPainter painter(viewport());
    painter.fillRect(viewport()->rect(), Theme::color(Role::Sunken));
    const QFont font = Theme::font(TextStyle::MonoSmall);
    painter.setFont(font);
    const int high = QFontMetrics(font).lineSpacing();
    int y = m_isFollowing ? std::min(0, viewport()->height() - high * static_cast<int>(m_lines.size())) : 0;
    for (const QString& line : m_lines) {
        const bool isWarning = line.contains(QStringLiteral("warning"), Qt::CaseInsensitive) ||
                               line.startsWith(QStringLiteral("failed"));
        if (isWarning)
            painter.fillRect(0, y, viewport()->width(), high, Theme::color(Role::WarningSoft));
        painter.setPen(Theme::color(isWarning ? Role::Warning : Role::Text));
        painter.drawText(space::kM, y + QFontMetrics(font).ascent(), line);
        y += high;
    }
}

void LogView::resizeEvent(QResizeEvent* event)
{
    QAbstractScrollArea::resizeEvent(event);
    if (m_isFollowing)
        readEnd();
    else
        readFrom(m_top);
}

void LogView::showEvent(QShowEvent* event)
{
    QAbstractScrollArea::showEvent(event);
    poll();
}

void LogView::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
        case Qt::Key_Up:
            moveBy(-1);
            return;
        case Qt::Key_Down:
            moveBy(1);
            return;
        case Qt::Key_PageUp:
            moveBy(1 - numVisible());
            return;
        case Qt::Key_PageDown:
            moveBy(numVisible() - 1);
            return;
        case Qt::Key_Home:
            m_isFollowing = false;
            readFrom(0);
            return;
        case Qt::Key_End:
            m_isFollowing = true;
            readEnd();
            return;
        default:
            QAbstractScrollArea::keyPressEvent(event);
    }
}

void LogView::wheelEvent(QWheelEvent* event)
{
    if (event->angleDelta().y() != 0)
        moveBy(event->angleDelta().y() > 0 ? -kWheelLines : kWheelLines);
}

}  // namespace facet::ui
