#include "ui/theme/qss.h"

#include "ui/theme/theme.h"

namespace facet::ui {

QString applicationSheet()
{
    const auto name = [](Role role) { return Theme::color(role).name(); };
    const QFont caption = Theme::font(TextStyle::CaptionStrong);
    return QStringLiteral(
               "QHeaderView { background: %1; border: 0 }"
               "QHeaderView::section { background: %1; color: %2; border: 0; border-bottom: 1px solid %3;"
               " padding: 0 8px; height: 28px; font-size: %4px; font-weight: 500 }"
               "QToolTip { background: %5; color: %6; border: 1px solid %7; padding: 4px 6px }"
               "QMenu { background: %5; color: %6; border: 1px solid %7; padding: 4px }"
               "QMenu::item { padding: 5px 24px 5px 8px; border-radius: 4px }"
               "QMenu::icon { padding-left: 8px }"
               "QMenu::item:selected { background: %8 }"
               "QMenu::item:disabled { color: %9 }"
               "QMenu::separator { height: 1px; background: %3; margin: 4px 0 }"
               "QStatusBar::item { border: 0 }")
        .arg(name(Role::Surface), name(Role::Text3), name(Role::Border))
        .arg(caption.pixelSize())
        .arg(name(Role::Raised), name(Role::Text), name(Role::BorderStrong), name(Role::Selected),
             name(Role::TextOff));
}

}  // namespace facet::ui
