#pragma once

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QWidget>

namespace facet::ui {

class Label;

/// What will be here, and how to get it.
class EmptyState : public QWidget {
    Q_OBJECT

public:
    EmptyState(const QString& icon, const QString& title, const QString& text, QWidget* parent = nullptr);

    void setTitle(const QString& title);
    void setText(const QString& text);
    void addAction(QPushButton* button);

protected:
    bool event(QEvent* event) override;

private:
    void showIcon();

    QString m_iconName;
    QLabel* m_icon;
    Label* m_title;
    Label* m_text;
    QHBoxLayout* m_actions;
};

}  // namespace facet::ui
