#pragma once

#include <QWidget>

namespace facet::ui {

class Label;
class StackBar;
class TokenMeter;

/// How full the model's context is, as a bar and in numbers.
class ContextMeter final : public QWidget {
    Q_OBJECT

public:
    /// `meter` must outlive this.
    explicit ContextMeter(TokenMeter& meter, QWidget* parent = nullptr);

private:
    void show();

    TokenMeter& m_meter;
    StackBar* m_bar;
    Label* m_total;
    QWidget* m_legend;
    QList<Label*> m_parts;
    Label* m_warning;
};

}  // namespace facet::ui
