#pragma once

#include "ui/finetune/data_preview.h"
#include "ui/widgets/card.h"

class QComboBox;
class QLineEdit;
class QListView;
class QPushButton;
class QSpinBox;
class QStackedWidget;
class QToolButton;

namespace facet::ui {

class Banner;
class ColumnList;
class ConversationService;
class FormField;
class JobForm;
class Label;
class LengthHistogram;
class PackBar;
class PackView;
class Segments;
class SourceList;
class TokenView;

/// Section 4: the data, what it holds, what is wrong with it, and any row as the model sees it.
class DataSection final : public Card {
    Q_OBJECT

public:
    /// `form` and `conversations`, which may be null, must outlive this object.
    explicit DataSection(JobForm& form, ConversationService* conversations = nullptr,
                         QWidget* parent = nullptr);

    DataPreview& preview() { return m_preview; }

    /// Takes a file or folder as the source that is looked at.
    void usePath(const QString& path);

private:
    void makeActions();
    QWidget* makeLeft();
    QWidget* makeRight();
    void choose(bool folder);
    void chooseChats();
    void addSource();
    void removeSource(int index);
    nlohmann::json sources() const;  ///< a list, of one entry at least
    jobs::DataSource source() const;
    void changeSource(const std::string& member, const nlohmann::json& value);
    void ask();
    void showSource();
    void showCounts();
    void showRow();
    void showPack();

    JobForm& m_form;
    ConversationService* m_conversations;
    DataPreview m_preview;
    int m_current = 0;  ///< the source that is looked at
    Label* m_summary;
    QPushButton* m_stopIndexing;
    SourceList* m_sources;
    QLineEdit* m_path;
    QLineEdit* m_imageRoot;
    QComboBox* m_format;
    Label* m_problem;
    ColumnList* m_columns;
    LengthHistogram* m_histogram;
    Banner* m_bad;
    QPushButton* m_skip;
    Banner* m_cut;
    QPushButton* m_longer;
    QListView* m_problems;
    Label* m_position;
    QSpinBox* m_rowBox;
    Segments* m_view;
    QStackedWidget* m_views;
    TokenView* m_tokens;
    PackView* m_packView;
    Label* m_legend;
    Label* m_pack;
    PackBar* m_packBar;
    Label* m_packs;
};

}  // namespace facet::ui
