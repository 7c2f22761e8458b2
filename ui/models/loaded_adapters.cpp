#include "ui/models/loaded_adapters.h"

#include "ui/background.h"

#include <QDateTime>
#include <QDir>
#include <QFileInfo>

#include <algorithm>

namespace facet::ui {

namespace {

/// Changes when the weights in a folder are written anew. Empty where there are none.
QByteArray stampOf(const QString& folder)
{
    const QFileInfo weights(folder + QStringLiteral("/adapter_model.safetensors"));
    return weights.exists() ? QByteArray::number(weights.lastModified().toMSecsSinceEpoch()) + ' ' +
                                  QByteArray::number(weights.size())
                            : QByteArray();
}

QList<QByteArray> stampsOf(const QStringList& folders)
{
    QList<QByteArray> stamps;
    for (const QString& folder : folders)
        stamps << stampOf(folder);
    return stamps;
}

}  // namespace

LoadedAdapters::LoadedAdapters(EngineClient& client, QObject* parent) : QObject(parent), m_client(client) {}

void LoadedAdapters::use(const QStringList& paths, QObject* context, Done<QStringList> done)
{
    QStringList clean;
    for (const QString& path : paths)
        clean << QDir::cleanPath(path);
    m_uses.push_back({clean, context, std::move(done)});
    if (!m_isBusy)
        next();
}

void LoadedAdapters::next()
{
    while (!m_uses.empty() && !m_uses.front().context)
        m_uses.pop_front();
    m_isBusy = !m_uses.empty();
    if (!m_isBusy)
        return;
    m_client.listAdapters(this, [this](const core::Result<QList<EngineAdapter>>& known) {
        if (!known) {
            end(known.error());
            return;
        }
        // Files of another machine are none of ours.
        if (!m_client.isLocal()) {
            take(*known, QList<QByteArray>(m_uses.front().paths.size()));
            return;
        }
        runInBackground(
            this, [paths = m_uses.front().paths] { return stampsOf(paths); },
            [this, known = *known](const QList<QByteArray>& stamps) { take(known, stamps); });
    });
}

/// What the engine has decides: it may be another process than the last time.
void LoadedAdapters::take(const QList<EngineAdapter>& known, const QList<QByteArray>& stamps)
{
    const auto isKnown = [&known](const QString& id) {
        return std::ranges::find(known, id, &EngineAdapter::id) != known.end();
    };
    m_ours.removeIf([&](const Ours& ours) { return !isKnown(ours.id); });
    m_stamps = stamps;
    m_ids.clear();
    const QStringList& paths = m_uses.front().paths;
    for (qsizetype i = 0; i < paths.size(); ++i) {
        const auto ours = std::ranges::find(m_ours, paths[i], &Ours::path);
        // One whose folder was removed since is still good.
        if (ours != m_ours.end() && ours->stamp != stamps[i] && !stamps[i].isEmpty()) {
            m_client.unloadAdapter(ours->id, this, [](const core::Result<QString>&) {});
            m_ours.erase(ours);
            m_ids << QString();
        } else if (ours != m_ours.end()) {
            m_ids << ours->id;
            std::rotate(ours, ours + 1, m_ours.end());
        } else {
            // Somebody else's, such as of the engine's own --adapter; ours may be older than the file.
            const auto theirs = std::ranges::find_if(known, [&](const EngineAdapter& adapter) {
                return QDir::cleanPath(adapter.path) == paths[i];
            });
            m_ids << (theirs != known.end() ? theirs->id : QString());
        }
    }
    while (m_ours.size() > kKept + paths.size()) {
        m_client.unloadAdapter(m_ours.front().id, this, [](const core::Result<QString>&) {});
        m_ours.removeFirst();
    }
    loadNext();
}

void LoadedAdapters::loadNext()
{
    const qsizetype at = m_ids.indexOf(QString());
    if (at < 0) {
        end(m_ids);
        return;
    }
    // Checkpoints of all runs have the same folder names.
    const QString path = m_uses.front().paths[at];
    const QString id = QStringLiteral("%1 (%2)").arg(path).arg(++m_numLoaded);
    m_client.loadAdapter(path, id, this, [this, at, path](const core::Result<QString>& loaded) {
        if (!loaded) {
            end(loaded.error());
            return;
        }
        m_ids[at] = *loaded;
        m_ours.append({*loaded, path, m_stamps[at]});
        loadNext();
    });
}

void LoadedAdapters::end(const core::Result<QStringList>& result)
{
    const Use use = std::move(m_uses.front());
    m_uses.pop_front();
    if (use.context)
        use.done(result);
    next();
}

}  // namespace facet::ui
