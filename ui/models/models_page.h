#pragma once

#include "ui/models/downloads.h"
#include "ui/models/library_list.h"
#include "ui/models/loaded_models.h"

#include <QWidget>

class QCheckBox;
class QLineEdit;
class QPushButton;
class QScrollArea;
class QStackedLayout;
class QTableView;

namespace facet::ui {

class Banner;
class ModelDetail;
class PageHeader;

/// The library: models as a table with the details of one, and the ways to get more of them.
class ModelsPage final : public QWidget {
    Q_OBJECT

public:
    /// All must outlive the page.
    struct Parts {
        LibraryList& library;
        Downloads& downloads;
        EngineClient& client;
        LoadedModels& loaded;
    };

    explicit ModelsPage(Parts parts, QWidget* parent = nullptr);

public Q_SLOTS:
    void chooseFolder();
    void select(const QString& name);

Q_SIGNALS:
    void chatWanted(const QString& model);
    void tokenWanted();

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;

private:
    QWidget* makeHeader();
    QWidget* makeGetRow();
    QWidget* makeTable();
    void addActions();
    void get();
    void showSummary();
    void showCurrent();
    void showProblem(const QString& title, const QString& detail);
    void remove(const QString& name);
    bool isTextOnly() const;

    Parts m_parts;
    PageHeader* m_header;
    QLineEdit* m_box;
    QCheckBox* m_textOnly;
    Banner* m_banner;
    QStackedLayout* m_stack;
    QTableView* m_table;
    QWidget* m_dropHint;
    ModelDetail* m_detail;
    QScrollArea* m_detailArea;
    QString m_wanted;  // to be selected once it is in the list
};

}  // namespace facet::ui
