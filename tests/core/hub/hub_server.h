#pragma once

// hub_server.py from C++: a hub with faults on order, and models to download from it.

#include "tests/support/check.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <string>

namespace facet::core {

class HubServer {
public:
    HubServer() { m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel); }

    ~HubServer()
    {
        m_process.closeWriteChannel();
        if (!m_process.waitForFinished(10'000))
            m_process.kill();
    }

    /// Serves models, as hub_server.py describes them.
    bool start(const QJsonObject& models)
    {
        QFile file(m_folder.filePath(QStringLiteral("models.json")));
        if (!file.open(QIODevice::WriteOnly))
            return false;
        file.write(QJsonDocument(models).toJson());
        file.close();
        m_process.start(QStringLiteral("python3"),
                        {QStringLiteral(SOURCE_DIR "/tests/core/hub/hub_server.py"), file.fileName()});
        m_places = answer(30'000).object();
        return !endpoint().isEmpty();
    }

    QString endpoint() const { return m_places[QStringLiteral("hub")].toString(); }

    /// From now on these faults, and an empty log.
    void setFaults(const QJsonArray& faults) { ask({{QStringLiteral("faults"), faults}}); }

    /// The requests since setFaults().
    QJsonArray log() { return ask({{QStringLiteral("log"), true}}).array(); }

    /// Those to one of "api", "hub", "cdn", for a file if it has a name.
    QList<QJsonObject> requests(const QString& on, const QString& file = {})
    {
        QList<QJsonObject> found;
        for (const QJsonValue& one : log()) {
            const QJsonObject request = one.toObject();
            if (request[QStringLiteral("on")] == on &&
                (file.isEmpty() || request[QStringLiteral("file")] == file))
                found.append(request);
        }
        return found;
    }

    /// Body bytes that the storage sent.
    qint64 bytesOfStorage()
    {
        qint64 sum = 0;
        for (const QJsonObject& request : requests(QStringLiteral("cdn")))
            sum += request[QStringLiteral("sent")].toInteger();
        return sum;
    }

    /// Has a "hold" sent its bytes, within 30 seconds?
    bool waitForHold()
    {
        return ask({{QStringLiteral("wait"), 30}}).object()[QStringLiteral("reached")].toBool();
    }

    void release() { ask({{QStringLiteral("release"), true}}); }

private:
    QJsonDocument ask(const QJsonObject& command)
    {
        m_process.write(QJsonDocument(command).toJson(QJsonDocument::Compact) + '\n');
        return answer(60'000);
    }

    QJsonDocument answer(int timeoutMs)
    {
        while (!m_process.canReadLine())
            if (!m_process.waitForReadyRead(timeoutMs))
                return {};
        return QJsonDocument::fromJson(m_process.readLine());
    }

    QTemporaryDir m_folder;
    QProcess m_process;
    QJsonObject m_places;
};

/// A header that a request had; "" if it had none.
inline QString headerOf(const QJsonObject& request, const char* name)
{
    return request[QStringLiteral("headers")].toObject()[QLatin1String(name)].toString();
}

inline QByteArray contentOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

inline void writeFile(const QString& path, const QByteArray& bytes)
{
    QDir().mkpath(QFileInfo(path).path());
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), bytes.size());
}

/// Bytes without a pattern, the same ones for the same seed.
inline QByteArray someBytes(int size, quint32 seed)
{
    QByteArray bytes(size, '\0');
    for (char& byte : bytes) {
        seed = seed * 1664525 + 1013904223;
        byte = static_cast<char>(seed >> 24);
    }
    return bytes;
}

/// A folder with what repositories of models have; the weights have no meaning.
inline void writeRepository(const QString& folder, int weightBytes)
{
    writeFile(folder + QStringLiteral("/config.json"), "{\"model_type\": \"gemma3_text\"}\n");
    writeFile(folder + QStringLiteral("/README.md"), "# A model\n");
    writeFile(folder + QStringLiteral("/LICENSE"), "None.\n");
    writeFile(folder + QStringLiteral("/empty.txt"), "");
    writeFile(folder + QStringLiteral("/tokenizer.json"), someBytes(3000, 1));
    writeFile(folder + QStringLiteral("/model.safetensors"), someBytes(weightBytes, 2));
    writeFile(folder + QStringLiteral("/pytorch_model.bin"), someBytes(2000, 3));
    writeFile(folder + QStringLiteral("/onnx/model.onnx"), "onnx");
    writeFile(folder + QStringLiteral("/onnx/a config.json"), "{}");
    writeFile(folder + QStringLiteral("/additional_chat_templates/tool use.jinja"), "{{ messages }}");
}

}  // namespace facet::core
