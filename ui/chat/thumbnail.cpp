#include "ui/chat/thumbnail.h"

#include "ui/chat/chat_words.h"
#include "ui/chat/picture_cache.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"

#include <QPainter>
#include <QPainterPath>

namespace facet::ui {

static constexpr int kFrame = 4;

Thumbnail::Thumbnail(const core::Picture& picture, int pixels, PictureCache& cache, QWidget* parent)
    : QAbstractButton(parent), m_picture(picture), m_pixels(pixels), m_cache(cache)
{
    setObjectName(QStringLiteral("chatThumbnail"));
    const QString name = QString::fromStdString(picture.name);
    setAccessibleName(tr("Picture %1, %2").arg(name, figuresOf(picture, 0)));
    setToolTip(tr("%1, %2").arg(name, figuresOf(picture, 0)));
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(&cache, &PictureCache::loaded, this, [this](const QString& file) {
        if (file == QString::fromStdString(m_picture.file))
            update();
    });
}

QSize Thumbnail::sizeHint() const
{
    return {m_pixels + 2 * kFrame, m_pixels + 2 * kFrame};
}

void Thumbnail::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    painter.setPen(Theme::color(underMouse() ? Role::BorderStrong : Role::Border));
    painter.setBrush(Theme::color(Role::Surface));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius::kControl,
                            radius::kControl);
    const QRect inner = rect().adjusted(kFrame, kFrame, -kFrame, -kFrame);
    const QImage image = m_cache.thumbnail(QString::fromStdString(m_picture.file));
    if (image.isNull()) {
        const QPixmap icon = Icons::pixmap(QStringLiteral("image"), Role::Text3, 20, devicePixelRatioF());
        painter.drawPixmap(inner.center() - QPoint(10, 10), icon);
        return;
    }
    QPainterPath clip;
    clip.addRoundedRect(inner, radius::kChip, radius::kChip);
    painter.setClipPath(clip);
    // The middle of it, as large as the frame.
    const int side = std::min(image.width(), image.height());
    painter.drawImage(inner, image,
                      QRect((image.width() - side) / 2, (image.height() - side) / 2, side, side));
}

}  // namespace facet::ui
