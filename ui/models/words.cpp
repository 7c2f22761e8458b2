#include "ui/models/words.h"

#include "core/base/environment.h"

#include <QCoreApplication>
#include <QLocale>

namespace facet::ui::words {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("words", text);
}

}  // namespace

QString parameters(qint64 count)
{
    const double number = static_cast<double>(count);
    return count >= 1'000'000'000 || count >= 250'000'000
               ? QStringLiteral("%1 B").arg(number / 1e9, 0, 'f', 2)
               : QStringLiteral("%1 M").arg(number / 1e6, 0, 'f', 1);
}

QString gigabytes(qint64 bytes)
{
    const double number = static_cast<double>(bytes);
    return bytes < 5'000'000 ? QStringLiteral("%1 MB").arg(number / 1e6, 0, 'f', 1)
                             : QStringLiteral("%1 GB").arg(number / 1e9, 0, 'f', 2);
}

QString gibibytes(qint64 bytes)
{
    const double number = static_cast<double>(bytes);
    constexpr double kMiB = 1024.0 * 1024, kGiB = 1024 * kMiB;
    if (number > 0 && number < kMiB)
        return QStringLiteral("%1 KiB").arg(number / 1024, 0, 'f', 0);
    return number < 0.1 * kGiB ? QStringLiteral("%1 MiB").arg(number / kMiB, 0, 'f', 0)
                               : QStringLiteral("%1 GiB").arg(number / kGiB, 0, 'f', 1);
}

QString integer(qint64 value)
{
    return QLocale(QLocale::English).toString(value);
}

QString weights(const QString& type)
{
    return type == QStringLiteral("bfloat16")  ? QStringLiteral("bf16")
           : type == QStringLiteral("float32") ? QStringLiteral("fp32")
                                               : type;
}

QString device(const QString& id)
{
    if (id.startsWith(QStringLiteral("cuda:")))
        return tr("GPU %1").arg(id.mid(5));
    if (id == QStringLiteral("cuda"))
        return tr("the GPU");
    return id == QStringLiteral("cpu") ? tr("the CPU") : id;
}

QString folder(const std::filesystem::path& path)
{
    const std::string text = path.string();
    const std::string home = core::homeFolder().string();
    if (home.size() > 1 && text.starts_with(home) && (text.size() == home.size() || text[home.size()] == '/'))
        return QStringLiteral("~") + QString::fromStdString(text.substr(home.size()));
    return QString::fromStdString(text);
}

QString secondsLeft(double seconds)
{
    const int whole = static_cast<int>(seconds + 0.5);
    if (whole < 60)
        return tr("%1 s left").arg(whole);
    if (whole < 3600)
        return tr("%1 min %2 s left").arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0'));
    return tr("%1 h %2 min left").arg(whole / 3600).arg(whole % 3600 / 60, 2, 10, QLatin1Char('0'));
}

}  // namespace facet::ui::words
