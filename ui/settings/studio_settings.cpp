#include "ui/settings/studio_settings.h"

#include <algorithm>
#include <array>

namespace facet::ui {

namespace {

constexpr std::array kAppearances = {"system", "light", "dark"};

const auto kAppearance = QStringLiteral("appearance/scheme");
const auto kTextPercent = QStringLiteral("appearance/text_percent");
const auto kSystemDark = QStringLiteral("appearance/system_was_dark");
const auto kEngineAddress = QStringLiteral("engine/address");
const auto kDevice = QStringLiteral("engine/device");
const auto kGeometry = QStringLiteral("window/geometry");
const auto kPage = QStringLiteral("window/page");

}  // namespace

StudioSettings::StudioSettings(const QString& folder, QObject* parent)
    : QObject(parent), m_settings(folder + QStringLiteral("/studio.ini"), QSettings::IniFormat)
{
}

StudioSettings::Appearance StudioSettings::appearance() const
{
    const QByteArray name = m_settings.value(kAppearance).toByteArray();
    const auto found = std::find(kAppearances.begin(), kAppearances.end(), name);
    return found == kAppearances.end() ? Appearance::System
                                       : static_cast<Appearance>(found - kAppearances.begin());
}

void StudioSettings::setAppearance(Appearance appearance)
{
    m_settings.setValue(kAppearance, QString::fromLatin1(kAppearances[static_cast<size_t>(appearance)]));
    Q_EMIT appearanceChanged();
}

int StudioSettings::textPercent() const
{
    return m_settings.value(kTextPercent, 100).toInt();
}

void StudioSettings::setTextPercent(int percent)
{
    m_settings.setValue(kTextPercent, percent);
    Q_EMIT textPercentChanged();
}

bool StudioSettings::wasSystemDark() const
{
    return m_settings.value(kSystemDark, false).toBool();
}

void StudioSettings::setWasSystemDark(bool isDark)
{
    m_settings.setValue(kSystemDark, isDark);
}

QString StudioSettings::engineAddress() const
{
    return m_settings.value(kEngineAddress).toString();
}

void StudioSettings::setEngineAddress(const QString& address)
{
    if (address == engineAddress())
        return;
    m_settings.setValue(kEngineAddress, address);
    Q_EMIT engineAddressChanged();
}

QString StudioSettings::device() const
{
    return m_settings.value(kDevice, QStringLiteral("auto")).toString();
}

void StudioSettings::setDevice(const QString& device)
{
    if (device == this->device())
        return;
    m_settings.setValue(kDevice, device);
    Q_EMIT deviceChanged();
}

QByteArray StudioSettings::windowGeometry() const
{
    return m_settings.value(kGeometry).toByteArray();
}

void StudioSettings::setWindowGeometry(const QByteArray& geometry)
{
    m_settings.setValue(kGeometry, geometry);
}

QString StudioSettings::page() const
{
    return m_settings.value(kPage).toString();
}

void StudioSettings::setPage(const QString& page)
{
    m_settings.setValue(kPage, page);
}

}  // namespace facet::ui
