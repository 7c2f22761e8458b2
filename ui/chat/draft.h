#pragma once

#include "core/conversations/attachments.h"

#include <QImage>
#include <QList>
#include <QObject>
#include <QString>

namespace facet::ui {

/// The pictures that will be sent with the next message. Files are copied to the attachments at once, so that
/// a picture that is moved or pasted is not lost.
class Draft final : public QObject {
    Q_OBJECT

public:
    static constexpr qint64 kMaxFileBytes = 64 << 20;

    explicit Draft(core::Attachments attachments, QObject* parent = nullptr);

    const QList<core::Picture>& pictures() const { return m_pictures; }

    /// How many are being read.
    int numUnderWay() const { return m_numUnderWay; }

    void addFile(const QString& path);
    void addImage(const QImage& image, const QString& name);
    void remove(int index);
    void set(const QList<core::Picture>& pictures);
    void clear() { set({}); }

Q_SIGNALS:
    void changed();
    void refused(const QString& sentence);

private:
    void keep(std::function<core::Result<core::Picture>()> task);

    core::Attachments m_attachments;
    QList<core::Picture> m_pictures;
    int m_numUnderWay = 0;
};

}  // namespace facet::ui
