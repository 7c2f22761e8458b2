#pragma once

#include "ui/theme/theme.h"

#include <QLabel>

namespace facet::ui {

enum class ChipTone { Plain, Good, Warning, Bad, Info, Accent, Changed };

/// A small word on a ground; the tone never says anything that the word does not.
class Chip : public QLabel {
    Q_OBJECT

public:
    explicit Chip(const QString& text, ChipTone tone = ChipTone::Plain, const QString& icon = {},
                  QWidget* parent = nullptr);

    void setTone(ChipTone tone);
    void setIcon(const QString& icon);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ChipTone m_tone;
    QString m_icon;
};

}  // namespace facet::ui
