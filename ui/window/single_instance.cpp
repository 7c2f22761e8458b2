#include "ui/window/single_instance.h"

#include <QCryptographicHash>
#include <QLocalSocket>
#include <QStandardPaths>

#include <unistd.h>

namespace facet::ui {

namespace {

const QByteArray kHello = "facet\n";
constexpr int kPatienceMs = 500;

}  // namespace

SingleInstance::SingleInstance(const QString& place, QObject* parent) : QObject(parent)
{
    const QByteArray hash =
        QCryptographicHash::hash(place.toUtf8(), QCryptographicHash::Sha256).toHex().left(16);
    m_name = QStringLiteral("facet-%1-%2").arg(::getuid()).arg(QString::fromLatin1(hash));
    const QString folder = qEnvironmentVariable("XDG_RUNTIME_DIR");
    if (!folder.isEmpty())
        m_name = folder + QLatin1Char('/') + m_name;
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    connect(&m_server, &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket* socket = m_server.nextPendingConnection()) {
            connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
            socket->write(kHello);
            socket->flush();
            Q_EMIT calledAgain();
        }
    });
}

bool SingleInstance::claim()
{
    QLocalSocket other;
    other.connectToServer(m_name);
    if (other.waitForConnected(kPatienceMs) && other.waitForReadyRead(kPatienceMs) &&
        other.readAll() == kHello)
        return false;
    // Nobody, or one that hangs: what a crash left behind is in the way of listen().
    QLocalServer::removeServer(m_name);
    m_server.listen(m_name);
    return true;
}

}  // namespace facet::ui
