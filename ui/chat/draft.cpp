#include "ui/chat/draft.h"

#include "core/base/file.h"
#include "ui/background.h"

#include <QBuffer>
#include <QFileInfo>

namespace facet::ui {

Draft::Draft(core::Attachments attachments, QObject* parent)
    : QObject(parent), m_attachments(std::move(attachments))
{
}

void Draft::addFile(const QString& path)
{
    keep([attachments = m_attachments, path]() -> core::Result<core::Picture> {
        const core::Result<std::string> bytes = core::readFile(path.toStdString(), kMaxFileBytes);
        if (!bytes)
            return bytes.error();
        return attachments.keep(*bytes, QFileInfo(path).fileName().toStdString());
    });
}

void Draft::addImage(const QImage& image, const QString& name)
{
    keep([attachments = m_attachments, image, name]() -> core::Result<core::Picture> {
        QByteArray bytes;
        QBuffer buffer(&bytes);
        buffer.open(QIODevice::WriteOnly);
        // The model sees no transparency, and PNG keeps all else as it was copied.
        if (!image.convertToFormat(QImage::Format_RGB888).save(&buffer, "PNG"))
            return core::Error{core::ErrorCode::InvalidInput,
                               "The clipboard's picture cannot be written as PNG."};
        return attachments.keep(std::string_view(bytes.constData(), static_cast<size_t>(bytes.size())),
                                name.toStdString());
    });
}

void Draft::keep(std::function<core::Result<core::Picture>()> task)
{
    ++m_numUnderWay;
    runInBackground(this, std::move(task), [this](const core::Result<core::Picture>& picture) {
        --m_numUnderWay;
        if (picture)
            m_pictures.append(*picture);
        else
            Q_EMIT refused(QString::fromStdString(picture.error().message));
        Q_EMIT changed();
    });
    Q_EMIT changed();
}

void Draft::remove(int index)
{
    m_pictures.removeAt(index);
    Q_EMIT changed();
}

void Draft::set(const QList<core::Picture>& pictures)
{
    m_pictures = pictures;
    Q_EMIT changed();
}

}  // namespace facet::ui
