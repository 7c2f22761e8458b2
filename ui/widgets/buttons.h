#pragma once

// Buttons of the look. One primary button on a page, at the right end of its header.

#include <QCheckBox>
#include <QPushButton>
#include <QToolButton>

namespace facet::ui {

enum class ButtonKind { Outlined, Primary, Flat, Danger, DangerFilled, Link };

/// `icon` may be empty. The text is the accessible name.
QPushButton* makeButton(const QString& objectName, const QString& text,
                        ButtonKind kind = ButtonKind::Outlined, const QString& icon = {},
                        QWidget* parent = nullptr);

/// A flat button with nothing but an icon; `name` is its tooltip and accessible name.
QToolButton* makeIconButton(const QString& objectName, const QString& icon, const QString& name,
                            QWidget* parent = nullptr);

/// For what acts at once.
QCheckBox* makeSwitch(const QString& objectName, const QString& text, QWidget* parent = nullptr);

void setButtonKind(QWidget* button, ButtonKind kind);

/// 28 instead of 32 high, text in 12 px: for bars and rows.
void setCompact(QWidget* control);

}  // namespace facet::ui
