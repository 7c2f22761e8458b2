#include "ui/theme/icons.h"

#include "ui/theme/theme.h"

#include <QFile>
#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPixmapCache>
#include <QSvgRenderer>

namespace facet::ui {

namespace {

QString pathOf(const QString& name)
{
    return QStringLiteral(":/icons/%1.svg").arg(name);
}

QPixmap render(const QString& name, const QColor& color, QSize pixels, qreal pixelRatio)
{
    const QString key = QStringLiteral("facet-icon/%1/%2/%3x%4@%5")
                            .arg(name, color.name(QColor::HexArgb))
                            .arg(pixels.width())
                            .arg(pixels.height())
                            .arg(pixelRatio);
    QPixmap pixmap;
    if (QPixmapCache::find(key, &pixmap))
        return pixmap;

    QFile file(pathOf(name));
    const bool isOpen = file.open(QIODevice::ReadOnly);
    Q_ASSERT_X(isOpen, "Icons", qPrintable(name));
    QByteArray svg = isOpen ? file.readAll() : QByteArray();
    svg.replace("#000", color.name().toLatin1());
    // Small ones get a slightly bolder line, or they look thinner than the text beside them.
    if (pixels.width() <= qRound(16 * pixelRatio))
        svg.replace("stroke-width=\"1.5\"", "stroke-width=\"1.75\"");

    pixmap = QPixmap(pixels);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    QSvgRenderer(svg).render(&painter, QRectF(QPointF(), pixels));
    painter.end();
    pixmap.setDevicePixelRatio(pixelRatio);
    QPixmapCache::insert(key, pixmap);
    return pixmap;
}

class Engine final : public QIconEngine {
public:
    Engine(QString name, Role role) : m_name(std::move(name)), m_role(role) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override
    {
        const qreal ratio = painter->device()->devicePixelRatioF();
        painter->drawPixmap(rect, render(m_name, color(mode, state), rect.size() * ratio, ratio));
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override
    {
        return render(m_name, color(mode, state), size, 1);
    }

    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal scale) override
    {
        return render(m_name, color(mode, state), size, scale);
    }

    QSize actualSize(const QSize& size, QIcon::Mode, QIcon::State) override { return size; }
    QIconEngine* clone() const override { return new Engine(m_name, m_role); }
    bool isNull() override { return !Icons::exists(m_name); }
    QString iconName() override { return m_name; }

private:
    QColor color(QIcon::Mode mode, QIcon::State state) const
    {
        if (mode == QIcon::Disabled)
            return Theme::color(Role::TextOff);
        if (state == QIcon::On && m_role == Role::Text2)
            return Theme::color(Role::AccentText);
        if (mode == QIcon::Active && m_role == Role::Text2)
            return Theme::color(Role::Text);
        return Theme::color(m_role);
    }

    QString m_name;
    Role m_role;
};

}  // namespace

QIcon Icons::get(const QString& name, Role role)
{
    return QIcon(new Engine(name, role));
}

QPixmap Icons::pixmap(const QString& name, Role role, int size, qreal pixelRatio)
{
    const int pixels = qRound(size * pixelRatio);
    return render(name, Theme::color(role), QSize(pixels, pixels), pixelRatio);
}

bool Icons::exists(const QString& name)
{
    return QFile::exists(pathOf(name));
}

}  // namespace facet::ui
