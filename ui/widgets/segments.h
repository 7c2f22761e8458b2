#pragma once

#include <QButtonGroup>
#include <QWidget>

namespace facet::ui {

/// Two to six choices side by side. Arrow keys move.
class Segments : public QWidget {
    Q_OBJECT

public:
    explicit Segments(const QString& name, const QStringList& parts, QWidget* parent = nullptr);

    int current() const { return m_group->checkedId(); }
    void setCurrent(int index);

Q_SIGNALS:
    /// By the user only.
    void chosen(int index);

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QButtonGroup* m_group;
};

}  // namespace facet::ui
