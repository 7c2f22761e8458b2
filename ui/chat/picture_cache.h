#pragma once

#include "core/conversations/attachments.h"

#include <QHash>
#include <QImage>
#include <QObject>
#include <QSet>

namespace facet::ui {

/// Small versions of the conversations' pictures, decoded in other threads as the model sees them.
class PictureCache final : public QObject {
    Q_OBJECT

public:
    /// Enough for a thumbnail of 104 at twice the pixels.
    static constexpr int kThumbnailPixels = 208;

    explicit PictureCache(core::Attachments attachments, QObject* parent = nullptr);

    /// Null until it is there; loaded() tells then.
    QImage thumbnail(const QString& file);

    /// The whole picture, scaled into `limit` pixels if it is larger, read in another thread.
    void read(const QString& file, int limit, QObject* context,
              std::function<void(core::Result<QImage>)> done) const;

Q_SIGNALS:
    void loaded(const QString& file);

private:
    core::Attachments m_attachments;
    QHash<QString, QImage> m_thumbnails;
    QSet<QString> m_underWay;
};

/// A picture file's pixels. Thread  any.
core::Result<QImage> decodePicture(const std::filesystem::path& path, int limit);

}  // namespace facet::ui
