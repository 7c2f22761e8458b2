#include "ui/chat/chat_words.h"

#include <QCoreApplication>
#include <QLocale>
#include <QStringList>

namespace facet::ui {

static QString tr(const char* text)
{
    return QCoreApplication::translate("Chat", text);
}

QString thousands(qint64 number)
{
    return QLocale(QLocale::English).toString(number);
}

QString figuresOf(const core::MessageStats& stats)
{
    QStringList parts;
    if (stats.completionTokens > 0)
        parts.append(stats.completionTokens == 1 ? tr("1 token")
                                                 : tr("%1 tokens").arg(thousands(stats.completionTokens)));
    if (stats.decodeTokensPerSecond > 0)
        parts.append(tr("%1 tok/s").arg(stats.decodeTokensPerSecond, 0, 'f', 1));
    if (stats.timeToFirstTokenSeconds > 0) {
        const double seconds = stats.timeToFirstTokenSeconds;
        parts.append(seconds < 1 ? tr("first after %1 ms").arg(qRound(seconds * 1000))
                                 : tr("first after %1 s").arg(seconds, 0, 'f', 1));
    }
    if (stats.cachedTokens > 0)
        parts.append(tr("%1 tokens reused").arg(thousands(stats.cachedTokens)));
    if (stats.finishReason == "length")
        parts.append(tr("cut at the longest answer"));
    return parts.join(QStringLiteral(", "));
}

QString wordsOf(const std::vector<core::UsedAdapter>& adapters)
{
    QStringList parts;
    for (const core::UsedAdapter& adapter : adapters)
        parts.append(QStringLiteral("%1 × %2").arg(QString::fromStdString(adapter.name)).arg(adapter.scale));
    return parts.join(tr(" and "));
}

QString figuresOf(const core::Picture& picture, int tokens)
{
    const QString size = tr("%1 × %2").arg(picture.width).arg(picture.height);
    return tokens > 0 ? tr("%1, %2 tokens").arg(size).arg(tokens) : size;
}

QString shortTime(const QDateTime& time, const QDateTime& now)
{
    const qint64 days = time.date().daysTo(now.date());
    const QLocale english(QLocale::English);
    if (days <= 0)
        return english.toString(time, QStringLiteral("HH:mm"));
    if (days < 7)
        return english.toString(time, QStringLiteral("ddd"));
    return english.toString(time, QStringLiteral("d MMM"));
}

}  // namespace facet::ui
