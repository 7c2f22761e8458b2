#include "ui/chat/picture_cache.h"

#include "core/image/image.h"
#include "ui/background.h"

namespace facet::ui {

core::Result<QImage> decodePicture(const std::filesystem::path& path, int limit)
{
    const core::Result<core::Image> image = core::readImage(path);
    if (!image)
        return image.error();
    const QImage view(image->rgb.data(), static_cast<int>(image->width), static_cast<int>(image->height),
                      static_cast<qsizetype>(image->width * 3), QImage::Format_RGB888);
    if (std::max(view.width(), view.height()) <= limit)
        return view.copy();
    return view.scaled(limit, limit, Qt::KeepAspectRatio, Qt::SmoothTransformation);
}

PictureCache::PictureCache(core::Attachments attachments, QObject* parent)
    : QObject(parent), m_attachments(std::move(attachments))
{
}

QImage PictureCache::thumbnail(const QString& file)
{
    if (const auto found = m_thumbnails.constFind(file); found != m_thumbnails.constEnd())
        return *found;
    if (m_underWay.contains(file))
        return {};
    m_underWay.insert(file);
    read(file, kThumbnailPixels, this, [this, file](const core::Result<QImage>& image) {
        m_underWay.remove(file);
        // One that is gone stays an empty frame; opening it says why.
        m_thumbnails.insert(file, image ? *image : QImage());
        Q_EMIT loaded(file);
    });
    return {};
}

void PictureCache::read(const QString& file, int limit, QObject* context,
                        std::function<void(core::Result<QImage>)> done) const
{
    core::Picture picture;
    picture.file = file.toStdString();
    runInBackground(
        context, [path = m_attachments.pathOf(picture), limit] { return decodePicture(path, limit); },
        std::move(done));
}

}  // namespace facet::ui
