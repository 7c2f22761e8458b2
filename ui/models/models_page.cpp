#include "ui/models/models_page.h"

#include "core/models/hf_cache.h"
#include "ui/models/download_rows.h"
#include "ui/models/library_delegate.h"
#include "ui/models/model_detail.h"
#include "ui/models/model_source.h"
#include "ui/models/words.h"
#include "ui/theme/icons.h"
#include "ui/theme/style_shapes.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/toast.h"

#include <QAction>
#include <QCheckBox>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHeaderView>
#include <QLineEdit>
#include <QMimeData>
#include <QPainter>
#include <QScrollArea>
#include <QStackedLayout>
#include <QTableView>

namespace facet::ui {

namespace {

constexpr int kNarrow = 1200;

/// What is shown over the page while a folder is dragged over it.
class DropHint final : public QWidget {
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        const shapes::Painted painted(&painter);
        QColor veil = Theme::color(Role::Selected);
        veil.setAlphaF(0.92F);
        painter.setBrush(veil);
        painter.setPen(QPen(Theme::color(Role::Accent), 2, Qt::DashLine));
        painter.drawRoundedRect(QRectF(rect()).adjusted(12, 12, -12, -12), radius::kCard, radius::kCard);
        painter.setPen(Theme::color(Role::AccentText));
        painter.setFont(Theme::font(TextStyle::Section));
        painter.drawText(rect(), Qt::AlignCenter, tr("Drop to add the folder to the library"));
    }
};

QStringList foldersOf(const QMimeData& data)
{
    QStringList folders;
    for (const QUrl& url : data.urls())
        if (url.isLocalFile())
            folders << url.toLocalFile();
    return folders;
}

class Pane final : public QWidget {
protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), Theme::color(Role::Surface));
        painter.fillRect(0, 0, 1, height(), Theme::color(Role::Border));
    }
};

}  // namespace

ModelsPage::ModelsPage(Parts parts, QWidget* parent)
    : QWidget(parent), m_parts(parts), m_dropHint(new DropHint(this))
{
    setAcceptDrops(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeHeader());
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    column->addLayout(row, 1);

    auto* list = new QWidget;
    list->setProperty("pane", true);
    list->setAccessibleName(tr("Library"));
    auto* left = new QVBoxLayout(list);
    left->setContentsMargins(space::kXl, space::kL, space::kXl, space::kL);
    left->setSpacing(space::kL);
    left->addWidget(makeGetRow());
    m_banner = new Banner(Banner::Tone::Bad);
    m_banner->setObjectName(QStringLiteral("libraryBanner"));
    QPushButton* close = makeButton(QStringLiteral("libraryBannerClose"), tr("Close"), ButtonKind::Outlined);
    setCompact(close);
    connect(close, &QPushButton::clicked, m_banner, &QWidget::hide);
    m_banner->addAction(close);
    m_banner->hide();
    left->addWidget(m_banner);
    auto* downloads = new DownloadRows(m_parts.downloads);
    connect(downloads, &DownloadRows::tokenWanted, this, &ModelsPage::tokenWanted);
    left->addWidget(downloads);
    left->addWidget(makeTable(), 1);
    left->addStretch();
    row->addWidget(list, 1);

    m_detail = new ModelDetail(m_parts.client, m_parts.loaded);
    connect(m_detail, &ModelDetail::chatWanted, this, &ModelsPage::chatWanted);
    connect(m_detail, &ModelDetail::removeWanted, this, &ModelsPage::remove);
    connect(m_detail, &ModelDetail::textOnlyWanted, this,
            [this](const QString& folder) { m_parts.library.import(folder, true); });
    connect(m_detail, &ModelDetail::checkWanted, &m_parts.library, &LibraryList::checkAgain);
    auto* pane = new Pane;
    auto* paneColumn = new QVBoxLayout(pane);
    paneColumn->setContentsMargins(1, 0, 0, 0);
    m_detailArea = new QScrollArea;
    m_detailArea->setObjectName(QStringLiteral("modelDetailArea"));
    m_detailArea->setAccessibleName(tr("Details of the model"));
    m_detailArea->setFrameShape(QFrame::NoFrame);
    m_detailArea->setWidgetResizable(true);
    m_detailArea->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_detailArea->setFocusPolicy(Qt::NoFocus);
    m_detailArea->setWidget(m_detail);
    m_detailArea->viewport()->setAutoFillBackground(false);
    m_detail->setAutoFillBackground(false);
    paneColumn->addWidget(m_detailArea);
    row->addWidget(pane);
    m_dropHint->hide();

    connect(&m_parts.library, &LibraryList::changed, this, [this] {
        showSummary();
        showCurrent();
    });
    connect(&m_parts.library, &LibraryList::imported, this, [this](const QString& name) {
        m_wanted = name;
        m_banner->hide();
        Toast::show(this, {QStringLiteral("done"),
                           tr("%1 is in the library").arg(name),
                           tr("It is used where it lies; nothing was copied."),
                           {},
                           {}});
    });
    connect(&m_parts.library, &LibraryList::importFailed, this,
            [this](const QString& source, const QString& sentence) {
                showProblem(tr("%1 was not added").arg(source), sentence);
            });
    connect(&m_parts.library, &LibraryList::scanned, this, [this](int found, const QStringList& problems) {
        Toast::show(this, {QStringLiteral("search"),
                           tr("%n new models found", nullptr, found),
                           tr("In the Hugging Face cache."),
                           {},
                           {}});
        if (!problems.isEmpty())
            showProblem(
                tr("%n models of the cache cannot be used", nullptr, static_cast<int>(problems.size())),
                problems.join(QLatin1Char('\n')));
    });
    connect(&m_parts.downloads, &Downloads::finished, &m_parts.library, &LibraryList::import);
    connect(&m_parts.loaded, &LoadedModels::changed, this,
            [this] { m_parts.library.setEngineModels(m_parts.loaded.models()); });
    connect(&m_parts.loaded, &LoadedModels::loadFailed, this,
            [this](const QString& model, const QString& sentence) {
                showProblem(tr("%1 was not loaded").arg(model), sentence);
            });
    addActions();
    setFocusProxy(m_table);
    m_parts.library.setEngineModels(m_parts.loaded.models());
    m_parts.library.refresh();
}

QWidget* ModelsPage::makeHeader()
{
    m_header = new PageHeader(tr("Models"));
    QPushButton* scan = makeButton(QStringLiteral("scanCache"), tr("Scan HF cache"), ButtonKind::Flat,
                                   QStringLiteral("again"));
    QPushButton* add = makeButton(QStringLiteral("addFolder"), tr("Add folder"), ButtonKind::Outlined,
                                  QStringLiteral("folder"));
    connect(scan, &QPushButton::clicked, &m_parts.library, &LibraryList::scanHub);
    connect(add, &QPushButton::clicked, this, &ModelsPage::chooseFolder);
    m_header->addAction(scan);
    m_header->addAction(add);
    return m_header;
}

QWidget* ModelsPage::makeGetRow()
{
    auto* row = new QWidget;
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(space::kM);
    m_box = new QLineEdit;
    m_box->setObjectName(QStringLiteral("modelBox"));
    m_box->setAccessibleName(tr("Model to get: Hugging Face id, address or folder"));
    m_box->setPlaceholderText(tr("Hugging Face id, address, or folder: google/gemma-3-4b-it"));
    m_box->addAction(Icons::get(QStringLiteral("search"), Role::Text3), QLineEdit::LeadingPosition);
    m_box->setClearButtonEnabled(false);
    m_box->setMinimumHeight(38);
    m_textOnly = new QCheckBox(tr("Text only"));
    m_textOnly->setObjectName(QStringLiteral("getTextOnly"));
    m_textOnly->setAccessibleName(tr("Text only"));
    m_textOnly->setToolTip(tr("Leaves the vision part out: less memory, the same files"));
    QPushButton* getButton =
        makeButton(QStringLiteral("getModel"), tr("Get"), ButtonKind::Primary, QStringLiteral("download"));
    getButton->setMinimumHeight(38);
    connect(m_box, &QLineEdit::returnPressed, this, &ModelsPage::get);
    connect(getButton, &QPushButton::clicked, this, &ModelsPage::get);
    layout->addWidget(m_box, 1);
    layout->addWidget(m_textOnly);
    layout->addWidget(getButton);
    return row;
}

QWidget* ModelsPage::makeTable()
{
    auto* card = new Card;
    card->body()->setContentsMargins(1, 0, 1, 6);
    m_table = new QTableView;
    m_table->setObjectName(QStringLiteral("modelTable"));
    m_table->setAccessibleName(tr("Models"));
    m_table->setModel(&m_parts.library);
    m_table->setItemDelegate(new LibraryDelegate(m_parts.library, m_table));
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTabKeyNavigation(false);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_table->setMouseTracking(true);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    QHeaderView* header = m_table->horizontalHeader();
    header->setObjectName(QStringLiteral("modelTableHeader"));
    header->setAccessibleName(tr("Columns"));
    header->setHighlightSections(false);
    header->setSectionsClickable(false);
    header->setSectionResizeMode(QHeaderView::Fixed);
    header->setSectionResizeMode(LibraryList::Name, QHeaderView::Stretch);
    const auto applyTheme = [this, header] {
        m_table->verticalHeader()->setDefaultSectionSize(LibraryDelegate::rowHeight());
        const int percent = Theme::textPercent();
        const std::array<std::pair<int, int>, 5> widths = {{{LibraryList::Reads, 164},
                                                            {LibraryList::Parameters, 96},
                                                            {LibraryList::Size, 92},
                                                            {LibraryList::Place, 124},
                                                            {LibraryList::State, 176}}};
        for (const auto& [section, wide] : widths)
            header->resizeSection(section, wide * percent / 100);
    };
    applyTheme();
    connect(Theme::notifier(), &ThemeNotifier::changed, m_table, applyTheme);
    m_table->installEventFilter(this);

    auto* empty =
        new EmptyState(QStringLiteral("models"), tr("No models yet"),
                       tr("Models that you add or download show up here. They are used where they lie."));
    QPushButton* add = makeButton(QStringLiteral("emptyAddFolder"), tr("Add folder"), ButtonKind::Outlined,
                                  QStringLiteral("folder"));
    QPushButton* scan = makeButton(QStringLiteral("emptyScan"), tr("Scan HF cache"));
    connect(add, &QPushButton::clicked, this, &ModelsPage::chooseFolder);
    connect(scan, &QPushButton::clicked, &m_parts.library, &LibraryList::scanHub);
    empty->addAction(add);
    empty->addAction(scan);
    // With a parent from the start: a stack without one shows its first widget as a window of its own.
    auto* holder = new QWidget(card);
    m_stack = new QStackedLayout(holder);
    m_stack->addWidget(m_table);
    m_stack->addWidget(empty);
    card->body()->addWidget(holder);

    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &ModelsPage::showCurrent);
    connect(m_table, &QTableView::activated, this, [this](const QModelIndex& index) {
        Q_EMIT chatWanted(QString::fromStdString(m_parts.library.row(index.row()).entry.name));
    });
    return card;
}

void ModelsPage::addActions()
{
    const auto add = [this](const QString& name, const QString& text, const QKeySequence& keys, auto slot) {
        auto* action = new QAction(text, this);
        action->setObjectName(name);
        action->setShortcut(keys);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        connect(action, &QAction::triggered, this, slot);
        addAction(action);
    };
    add(QStringLiteral("actionAddFolder"), tr("Models: add a folder…"), QKeySequence(Qt::CTRL | Qt::Key_O),
        [this] { chooseFolder(); });
    add(QStringLiteral("actionScanCache"), tr("Models: scan the Hugging Face cache"), {},
        [this] { m_parts.library.scanHub(); });
    add(QStringLiteral("actionModelBox"), tr("Models: get a model by its id"),
        QKeySequence(Qt::CTRL | Qt::Key_L), [this] { m_box->setFocus(Qt::ShortcutFocusReason); });
    add(QStringLiteral("actionLoadModel"), tr("Models: load the selected model"),
        QKeySequence(Qt::CTRL | Qt::Key_Return), [this] {
            if (!m_detail->model().isEmpty())
                m_parts.loaded.load(m_detail->request());
        });
    add(QStringLiteral("actionUnloadModel"), tr("Models: unload the selected model"), {},
        [this] { m_parts.loaded.unload(m_detail->model()); });
    add(QStringLiteral("actionRemoveModel"), tr("Models: remove the selected model from the library"),
        QKeySequence(Qt::Key_Delete), [this] {
            if (m_table->hasFocus())
                remove(m_detail->model());
        });
}

bool ModelsPage::isTextOnly() const
{
    return m_textOnly->isChecked();
}

void ModelsPage::chooseFolder()
{
    auto* dialog = new QFileDialog(this, tr("Add a model's folder"));
    dialog->setObjectName(QStringLiteral("addFolderDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString& folder) { m_parts.library.import(folder, isTextOnly()); });
    dialog->open();
}

void ModelsPage::get()
{
    const ModelSource source = modelSource(m_box->text(), m_parts.downloads.endpoint());
    m_box->setProperty("invalid", !source.problem.isEmpty());
    m_box->update();
    if (!source.problem.isEmpty()) {
        showProblem(tr("That is no model"), source.problem);
        return;
    }
    m_banner->hide();
    if (!source.folder.isEmpty())
        m_parts.library.import(source.folder, isTextOnly());
    else
        m_parts.downloads.start(source.id, isTextOnly());
    m_box->clear();
}

void ModelsPage::remove(const QString& name)
{
    const int at = m_parts.library.indexOf(name);
    if (at < 0 || m_parts.library.row(at).isBuiltIn)
        return;
    const core::LibraryEntry entry = m_parts.library.row(at).entry;
    m_parts.library.remove(name);
    const QString source = QString::fromStdString(entry.path.string());
    Toast::show(this, {QStringLiteral("trash"), tr("%1 is out of the library").arg(name),
                       tr("Its files stay in %1.").arg(words::folder(entry.path)), tr("Undo"),
                       [library = &m_parts.library, source, textOnly = entry.textOnly] {
                           library->import(source, textOnly);
                       }});
}

void ModelsPage::showSummary()
{
    const int count = m_parts.library.rowCount();
    m_header->setSummary(m_parts.library.problem().isEmpty()
                             ? tr("%1, %2 in place")
                                   .arg(count == 1 ? tr("1 model") : tr("%1 models").arg(count),
                                        words::gigabytes(m_parts.library.totalBytes()))
                             : QString());
    if (!m_parts.library.problem().isEmpty())
        showProblem(tr("The library cannot be read"), m_parts.library.problem());
    m_stack->setCurrentIndex(count == 0 ? 1 : 0);
    // The card ends below its last row.
    const int rows = m_table->horizontalHeader()->sizeHint().height() + count * LibraryDelegate::rowHeight();
    m_table->parentWidget()->parentWidget()->setMaximumHeight(count == 0 ? QWIDGETSIZE_MAX
                                                                         : rows + space::kS);
    if (!m_wanted.isEmpty() && m_parts.library.indexOf(m_wanted) >= 0) {
        select(m_wanted);
        m_wanted.clear();
    } else if (!m_table->currentIndex().isValid() && count > 0) {
        m_table->selectRow(0);
    }
}

void ModelsPage::select(const QString& name)
{
    const int at = m_parts.library.indexOf(name);
    if (at < 0)
        m_wanted = name;
    else
        m_table->selectRow(at);
}

void ModelsPage::showCurrent()
{
    const QModelIndex current = m_table->currentIndex();
    m_detail->show(current.isValid() ? &m_parts.library.row(current.row()) : nullptr);
}

void ModelsPage::showProblem(const QString& title, const QString& detail)
{
    m_banner->setTitle(title);
    m_banner->setDetail(detail);
    m_banner->show();
}

void ModelsPage::dragEnterEvent(QDragEnterEvent* event)
{
    if (foldersOf(*event->mimeData()).isEmpty())
        return;
    event->acceptProposedAction();
    m_dropHint->setGeometry(rect());
    m_dropHint->raise();
    m_dropHint->show();
}

void ModelsPage::dragLeaveEvent(QDragLeaveEvent*)
{
    m_dropHint->hide();
}

void ModelsPage::dropEvent(QDropEvent* event)
{
    m_dropHint->hide();
    event->acceptProposedAction();
    for (const QString& folder : foldersOf(*event->mimeData()))
        m_parts.library.import(folder, isTextOnly());
}

void ModelsPage::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    const bool isNarrow = width() < kNarrow - width::kRail;
    m_detailArea->parentWidget()->setFixedWidth(isNarrow ? 320 : width::kModelDetail);
    m_table->setColumnHidden(LibraryList::Place, isNarrow);
    m_table->setColumnHidden(LibraryList::Reads, width() < 960);
}

void ModelsPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    // Others may have changed the library meanwhile.
    m_parts.library.refresh();
    m_parts.loaded.refresh();
}

bool ModelsPage::eventFilter(QObject* object, QEvent* event)
{
    if (object == m_table && event->type() == QEvent::FocusIn) {
        const Qt::FocusReason reason = static_cast<QFocusEvent*>(event)->reason();
        m_table->setProperty("showsFocus", reason != Qt::MouseFocusReason && reason != Qt::OtherFocusReason);
    } else if (object == m_table && event->type() == QEvent::KeyPress) {
        m_table->setProperty("showsFocus", true);
    }
    return QWidget::eventFilter(object, event);
}

}  // namespace facet::ui
