#pragma once

#include "ui/theme/theme.h"

#include <QVector>
#include <QWidget>

namespace facet::ui {

/// A bar of parts in a fixed order, always with a legend or a table beside it that says the same in numbers.
class StackBar : public QWidget {
    Q_OBJECT

public:
    struct Part {
        QString name;
        double amount = 0;
        Role role = Role::Part1;
        QString inWords;  ///< "512 tokens", for tooltip and screen readers
    };

    /// `thickness` 20, 12, 8 or 6.
    explicit StackBar(int thickness, QWidget* parent = nullptr);

    /// `whole` is what the full width stands for; parts beyond it are drawn in danger and the mark of the
    /// limit moves into the bar.
    void setParts(const QVector<Part>& parts, double whole);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    int m_thickness;
    QVector<Part> m_parts;
    double m_whole = 0;
};

/// A 10 px square in a part's colour, for legends.
class PartMark : public QWidget {
    Q_OBJECT

public:
    explicit PartMark(Role role, QWidget* parent = nullptr);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Role m_role;
};

}  // namespace facet::ui
