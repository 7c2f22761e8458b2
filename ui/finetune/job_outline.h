#pragma once

#include <QWidget>

#include <string>
#include <vector>

class QToolButton;

namespace facet::ui {

class JobForm;

/// The whole job at a glance: each section with its state and the number of its changes.
class JobOutline final : public QWidget {
    Q_OBJECT

public:
    struct Section {
        QString id;
        QString title;
        std::vector<std::string> keys;  ///< begins of keys: "lora."
    };

    /// `form` must outlive this object.
    JobOutline(JobForm& form, std::vector<Section> sections, QWidget* parent = nullptr);

    void setNarrow(bool isNarrow);

    /// The section that a key belongs to; -1 if none.
    int sectionOf(const std::string& key) const;

Q_SIGNALS:
    void chosen(int section);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void refresh();

    JobForm& m_form;
    std::vector<Section> m_sections;
    std::vector<QToolButton*> m_buttons;
    bool m_isNarrow = false;
};

}  // namespace facet::ui
