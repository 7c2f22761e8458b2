#include "ui/theme/theme.h"

#include "ui/theme/focus_ring.h"
#include "ui/theme/qss.h"
#include "ui/theme/style.h"

#include <QApplication>
#include <QFontDatabase>
#include <QPalette>
#include <QToolTip>

#include <algorithm>

namespace facet::ui {

namespace {

struct State {
    QApplication* application = nullptr;
    Theme::Scheme scheme = Theme::Scheme::Light;
    int textPercent = 100;
    QString family;
    QString monoFamily;
};

State& state()
{
    static State instance;
    return instance;
}

/// The first of `wanted` that is installed, else the desktop's.
QString installedFamily(const QStringList& wanted, QFontDatabase::SystemFont otherwise)
{
    for (const QString& family : wanted)
        if (QFontDatabase::hasFamily(family))
            return family;
    return QFontDatabase::systemFont(otherwise).family();
}

QPalette palette()
{
    const auto color = [](Role role) { return Theme::color(role); };
    QPalette palette;
    for (const auto role :
         {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText})
        palette.setColor(role, color(Role::Text));
    palette.setColor(QPalette::Window, color(Role::Window));
    palette.setColor(QPalette::Base, color(Role::Surface));
    palette.setColor(QPalette::Button, color(Role::Surface));
    palette.setColor(QPalette::Light, color(Role::Surface));
    palette.setColor(QPalette::AlternateBase, color(Role::Sunken));
    palette.setColor(QPalette::ToolTipBase, color(Role::Raised));
    palette.setColor(QPalette::ToolTipText, color(Role::Text));
    palette.setColor(QPalette::Midlight, color(Role::Hover));
    palette.setColor(QPalette::Mid, color(Role::Pressed));
    palette.setColor(QPalette::Highlight, color(Role::Selected));
    palette.setColor(QPalette::Dark, color(Role::Border));
    palette.setColor(QPalette::Shadow, color(Role::BorderStrong));
    palette.setColor(QPalette::PlaceholderText, color(Role::Text3));
    palette.setColor(QPalette::Link, color(Role::AccentText));
    palette.setColor(QPalette::LinkVisited, color(Role::AccentText));
    for (const auto role :
         {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText})
        palette.setColor(QPalette::Disabled, role, color(Role::TextOff));
    palette.setColor(QPalette::Disabled, QPalette::Base, color(Role::Sunken));
    return palette;
}

void apply()
{
    if (state().application == nullptr)
        return;
    QApplication::setPalette(palette());
    QApplication::setFont(Theme::font(TextStyle::Body));
    QToolTip::setFont(Theme::font(TextStyle::Small));
    state().application->setStyleSheet(applicationSheet());
    Q_EMIT Theme::notifier()->changed();
}

}  // namespace

void Theme::install(QApplication& application, Scheme scheme, int textPercent)
{
    state().application = &application;
    state().family = installedFamily({"Inter"}, QFontDatabase::GeneralFont);
    state().monoFamily = installedFamily({"JetBrains Mono", "DejaVu Sans Mono"}, QFontDatabase::FixedFont);
    state().scheme = scheme;
    state().textPercent = std::clamp(textPercent, kLeastTextPercent, kMostTextPercent);
    QApplication::setStyle(new Style);
    new FocusRing(&application);
    apply();
}

void Theme::setScheme(Scheme scheme)
{
    if (scheme == state().scheme)
        return;
    state().scheme = scheme;
    apply();
}

Theme::Scheme Theme::scheme()
{
    return state().scheme;
}

void Theme::setTextPercent(int percent)
{
    percent = std::clamp(percent, kLeastTextPercent, kMostTextPercent);
    if (percent == state().textPercent)
        return;
    state().textPercent = percent;
    apply();
}

int Theme::textPercent()
{
    return state().textPercent;
}

QColor Theme::color(Role role)
{
    const ColorToken& token = kColors[static_cast<size_t>(role)];
    return QColor::fromRgb(isDark() ? token.dark : token.light);
}

QFont Theme::font(TextStyle style)
{
    const TextToken& token = kTextStyles[static_cast<size_t>(style)];
    QFont font(token.isMono ? state().monoFamily : state().family);
    font.setPixelSize((token.pixels * state().textPercent + 50) / 100);
    font.setWeight(static_cast<QFont::Weight>(token.weight));
    if (token.isMono)
        font.setStyleStrategy(QFont::PreferNoShaping);  // JetBrains Mono would join "->" and "!="
    return font;
}

ThemeNotifier* Theme::notifier()
{
    static ThemeNotifier instance;
    return &instance;
}

}  // namespace facet::ui
