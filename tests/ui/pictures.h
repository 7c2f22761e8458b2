#pragma once

#include "ui/theme/theme.h"

#include <QDir>
#include <QTest>
#include <QWidget>

namespace facet::ui {

/// FOLDER/NAME-light.png and -dark.png of a widget, to be looked at.
inline void savePictures(QWidget& widget, const QString& folder, const QString& name)
{
    QDir().mkpath(folder);
    for (const bool isDark : {true, false}) {
        Theme::setScheme(isDark ? Theme::Scheme::Dark : Theme::Scheme::Light);
        QTest::qWait(50);
        QVERIFY(widget.grab().save(
            QStringLiteral("%1/%2-%3.png")
                .arg(folder, name, isDark ? QStringLiteral("dark") : QStringLiteral("light"))));
    }
}

}  // namespace facet::ui
