#pragma once

#include "core/conversations/conversation.h"

#include <QDialog>
#include <QImage>

namespace facet::ui {

class Label;
class PictureCache;
class Segments;

/// A picture as large as the dialog, and as the model sees it: 896 × 896, not cut and not in proportion.
class PictureViewer final : public QDialog {
    Q_OBJECT

public:
    PictureViewer(const core::Picture& picture, PictureCache& cache, QWidget* parent);

private:
    class Canvas;

    void show(int how);

    core::Picture m_picture;
    PictureCache& m_cache;
    Canvas* m_canvas;
    Label* m_line;
    QImage m_image;
};

}  // namespace facet::ui
