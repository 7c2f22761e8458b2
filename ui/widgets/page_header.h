#pragma once

#include <QHBoxLayout>
#include <QWidget>

namespace facet::ui {

class Label;

/// The top of a page: its name left, a summary beside it, actions at the right with the primary one last.
class PageHeader : public QWidget {
    Q_OBJECT

public:
    explicit PageHeader(const QString& title, QWidget* parent = nullptr);

    void setTitle(const QString& title);
    void setSummary(const QString& summary);
    void addAction(QWidget* control);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QHBoxLayout* m_row;
    Label* m_title;
    Label* m_summary;
};

}  // namespace facet::ui
