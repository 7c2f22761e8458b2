#include "ui/chat/picture_viewer.h"

#include "ui/chat/chat_words.h"
#include "ui/chat/picture_cache.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"
#include "ui/widgets/segments.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

namespace facet::ui {

// What SigLIP takes: every picture is scaled to this square.
static constexpr int kModelPixels = 896;
static constexpr int kMostPixels = 2048;

class PictureViewer::Canvas final : public QWidget {
public:
    using QWidget::QWidget;

    void setImage(const QImage& image)
    {
        m_image = image;
        update();
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), Theme::color(Role::Sunken));
        if (m_image.isNull())
            return;
        painter.setRenderHint(QPainter::SmoothPixmapTransform);
        QSize size = m_image.size();
        if (size.width() > width() || size.height() > height())
            size.scale(this->size(), Qt::KeepAspectRatio);
        painter.drawImage(QRect(QPoint((width() - size.width()) / 2, (height() - size.height()) / 2), size),
                          m_image);
    }

private:
    QImage m_image;
};

PictureViewer::PictureViewer(const core::Picture& picture, PictureCache& cache, QWidget* parent)
    : QDialog(parent), m_picture(picture), m_cache(cache)
{
    setObjectName(QStringLiteral("pictureViewer"));
    setWindowTitle(QString::fromStdString(picture.name));
    setAttribute(Qt::WA_DeleteOnClose);
    resize(880, 720);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kL, space::kL, space::kL, space::kL);
    column->setSpacing(space::kM);
    auto* head = new QHBoxLayout;
    auto* how =
        new Segments(tr("How the picture is shown"), {tr("Picture"), tr("What the model sees")}, this);
    how->setObjectName(QStringLiteral("pictureHow"));
    m_line = new Label(TextStyle::Small, Role::Text3, this);
    head->addWidget(how);
    head->addStretch();
    head->addWidget(m_line);
    m_canvas = new Canvas(this);
    m_canvas->setAccessibleName(tr("Picture %1").arg(QString::fromStdString(picture.name)));
    auto* close = makeButton(QStringLiteral("pictureClose"), tr("Close"), ButtonKind::Outlined, {}, this);
    auto* foot = new QHBoxLayout;
    foot->addStretch();
    foot->addWidget(close);
    column->addLayout(head);
    column->addWidget(m_canvas, 1);
    column->addLayout(foot);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    connect(how, &Segments::chosen, this, &PictureViewer::show);
    m_line->setText(tr("Reading"));
    m_cache.read(QString::fromStdString(picture.file), kMostPixels, this,
                 [this](const core::Result<QImage>& image) {
                     if (image) {
                         m_image = *image;
                         show(0);
                     } else
                         m_line->setText(QString::fromStdString(image.error().message));
                 });
}

void PictureViewer::show(int how)
{
    if (m_image.isNull())
        return;
    if (how == 0) {
        m_canvas->setImage(m_image);
        m_line->setText(figuresOf(m_picture, 0));
        return;
    }
    m_canvas->setImage(
        m_image.scaled(kModelPixels, kModelPixels, Qt::IgnoreAspectRatio, Qt::SmoothTransformation));
    m_line->setText(tr("%1 × %1, as Gemma 3 takes every picture").arg(kModelPixels));
}

}  // namespace facet::ui
