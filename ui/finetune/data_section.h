#pragma once

#include "ui/finetune/data_preview.h"
#include "ui/widgets/card.h"

class QComboBox;
class QLineEdit;
class QListView;
class QPushButton;
class QSpinBox;
class QToolButton;

namespace facet::ui {

class Banner;
class FormField;
class JobForm;
class Label;
class LengthHistogram;
class TokenView;

/// Section 4: the data, what it holds, what is wrong with it, and any row as the model sees it.
class DataSection final : public Card {
    Q_OBJECT

public:
    /// `form` must outlive this object.
    explicit DataSection(JobForm& form, QWidget* parent = nullptr);

    DataPreview& preview() { return m_preview; }

    /// Takes a file or folder as the (first) source.
    void usePath(const QString& path);

private:
    QWidget* makeLeft();
    QWidget* makeRight();
    void choose(bool folder);
    jobs::DataSource source() const;
    void changeSource(const std::string& member, const nlohmann::json& value);
    void ask();
    void showSource();
    void showCounts();
    void showRow();

    JobForm& m_form;
    DataPreview m_preview;
    Label* m_summary;
    QLineEdit* m_path;
    QLineEdit* m_imageRoot;
    QComboBox* m_format;
    Label* m_problem;
    Label* m_columns;
    LengthHistogram* m_histogram;
    Banner* m_bad;
    QPushButton* m_skip;
    Banner* m_cut;
    QPushButton* m_longer;
    QListView* m_problems;
    Label* m_position;
    QSpinBox* m_rowBox;
    TokenView* m_tokens;
    Label* m_legend;
    Label* m_packs;
};

}  // namespace facet::ui
