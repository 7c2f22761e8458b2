#include "ui/models/model_source.h"

#include "core/base/environment.h"
#include "core/models/hf_cache.h"

#include <QCoreApplication>
#include <QStringList>
#include <QUrl>

namespace facet::ui {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("ModelSource", text);
}

}  // namespace

ModelSource modelSource(const QString& text, const QString& endpoint)
{
    QString source = text.trimmed();
    if (source.isEmpty())
        return {{}, {}, tr("Write an id such as google/gemma-3-4b-it, its address, or a folder.")};
    if (source.startsWith(QStringLiteral("file:")))
        source = QUrl(source).toLocalFile();
    if (source.startsWith(QLatin1Char('~')))
        source = QString::fromStdString(core::homeFolder().string()) + source.mid(1);
    if (source.startsWith(QLatin1Char('/')))
        return {{}, source, {}};

    const QUrl url(source);
    if (url.scheme() == QLatin1String("http") || url.scheme() == QLatin1String("https")) {
        if (url.host() != QUrl(endpoint).host())
            return {{}, {}, tr("%1 is not on the hub %2.").arg(source, endpoint)};
        // "/google/gemma-3-4b-it/tree/main" names the model in its first two parts.
        source = url.path().split(QLatin1Char('/'), Qt::SkipEmptyParts).mid(0, 2).join(QLatin1Char('/'));
    }
    if (!core::isHubId(source.toStdString()))
        return {{},
                {},
                tr("\"%1\" is no id of the hub: that looks like google/gemma-3-4b-it. A folder begins with / "
                   "or ~.")
                    .arg(text.trimmed())};
    return {source, {}, {}};
}

}  // namespace facet::ui
