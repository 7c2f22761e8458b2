#pragma once

#include <QFrame>
#include <QHBoxLayout>
#include <QVBoxLayout>

namespace facet::ui {

class Label;

/// A surface with a hairline and round corners; with a title it gets a header, for summary and small actions.
class Card : public QFrame {
    Q_OBJECT

public:
    explicit Card(QWidget* parent = nullptr);
    explicit Card(const QString& title, QWidget* parent = nullptr);

    /// What stands right of the title; null without one.
    QHBoxLayout* header() { return m_header; }

    /// Margins 16 x 12, spacing 12.
    QVBoxLayout* body() { return m_body; }

    void setTitle(const QString& title);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QVBoxLayout* m_body;
    QHBoxLayout* m_header = nullptr;
    Label* m_title = nullptr;
};

}  // namespace facet::ui
