#pragma once

#include <QProxyStyle>

namespace facet::ui {

/// Fusion, drawn with our tokens. Reads these dynamic properties of widgets:
///
///   kind        buttons: "primary", "flat", "danger" (outlined), "dangerFilled", "link"; none: outlined
///   compact     buttons, fields, combo boxes: 28 high instead of 32
///   rail        QToolButton: an item of the rail; "badge" is the number in its corner
///   segment     QToolButton: a part of Segments
///   status      QToolButton: a part of the status bar; "dot" is 1 + the Role of a disc before the text
///   switch      QCheckBox: drawn as a switch, for what acts at once
///   invalid     fields: the danger outline
///   state       QProgressBar: "idle", "stalled", "failed", "done"; none: under way
///   bare        QTextEdit, QPlainTextEdit, QLineEdit: no outline
///
/// ui/widgets/ sets most of them.
class Style : public QProxyStyle {
    Q_OBJECT

public:
    Style();

    int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override;
    int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                  QStyleHintReturn* data) const override;
    QSize sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& contents,
                           const QWidget* widget) const override;
    QRect subElementRect(SubElement element, const QStyleOption* option,
                         const QWidget* widget) const override;
    QRect subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                         const QWidget* widget) const override;
    void drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                     const QWidget* widget) const override;
    void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                       const QWidget* widget) const override;
    void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                            const QWidget* widget) const override;
    void polish(QWidget* widget) override;
    using QProxyStyle::polish;
};

}  // namespace facet::ui
