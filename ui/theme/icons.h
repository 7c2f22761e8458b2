#pragma once

// Our SVG icons (resources/icons), drawn in the colours of the theme.

#include "ui/theme/tokens.h"

#include <QIcon>
#include <QPixmap>
#include <QString>

namespace facet::ui {

class Icons {
public:
    /// An icon that is drawn anew in the theme's colours whenever it is painted, sharp at any pixel ratio: so
    /// nothing has to be set again when the theme changes. While hovered it has the text's colour, when on
    /// the accent's, when disabled that of disabled text.
    ///
    /// Limits  `name` is a file of resources/icons without ".svg".
    static QIcon get(const QString& name, Role role = Role::Text2);

    /// One picture of it, `size` logical pixels wide and high.
    static QPixmap pixmap(const QString& name, Role role, int size, qreal pixelRatio);

    static bool exists(const QString& name);
};

}  // namespace facet::ui
