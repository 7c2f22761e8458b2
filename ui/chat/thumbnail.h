#pragma once

#include "core/conversations/conversation.h"

#include <QAbstractButton>
#include <QImage>

namespace facet::ui {

class PictureCache;

/// A small picture in a frame; pressing it opens the viewer.
class Thumbnail final : public QAbstractButton {
    Q_OBJECT

public:
    /// `pixels` is 40, 64 or 104. `cache` must outlive this.
    Thumbnail(const core::Picture& picture, int pixels, PictureCache& cache, QWidget* parent = nullptr);

    const core::Picture& picture() const { return m_picture; }
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    core::Picture m_picture;
    int m_pixels;
    PictureCache& m_cache;
};

}  // namespace facet::ui
