#pragma once

#include <QFrame>
#include <QHBoxLayout>
#include <QPushButton>

namespace facet::ui {

class Label;

/// What went wrong or has to be known, in the page where it happened: a bold sentence, a detail, up to three
/// buttons.
class Banner : public QFrame {
    Q_OBJECT

public:
    enum class Tone { Info, Good, Warning, Bad };

    explicit Banner(Tone tone, QWidget* parent = nullptr);

    void setTone(Tone tone);
    void setIcon(const QString& name);  ///< in place of the tone's
    void setTitle(const QString& sentence);
    void setDetail(const QString& detail);
    QString title() const;
    QString detail() const;

    /// Below the text.
    void addAction(QPushButton* button);
    void clearActions();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Tone m_tone;
    QString m_icon;
    Label* m_title;
    Label* m_detail;
    QWidget* m_actionsRow;
    QHBoxLayout* m_actions;
};

}  // namespace facet::ui
