#include "ui/chat/chat_page.h"

#include "ui/chat/adapter_section.h"
#include "ui/chat/chat_view_model.h"
#include "ui/chat/chat_words.h"
#include "ui/chat/comparison_view.h"
#include "ui/chat/composer.h"
#include "ui/chat/context_meter.h"
#include "ui/chat/conversation_pane.h"
#include "ui/chat/inspector.h"
#include "ui/chat/picture_viewer.h"
#include "ui/chat/thread_view.h"
#include "ui/chat/turn_view.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/label.h"
#include "ui/widgets/toast.h"

#include <QAction>
#include <QComboBox>
#include <QDesktopServices>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QMenu>
#include <QPainter>
#include <QResizeEvent>
#include <QStackedLayout>
#include <QUrl>
#include <QVBoxLayout>

namespace facet::ui {

static constexpr int kNarrow = 1128;  // of the page: 1200 less the rail

namespace {

/// A surface with a hairline below.
class HeaderBar final : public QWidget {
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), Theme::color(Role::Surface));
        painter.fillRect(0, height() - 1, width(), 1, Theme::color(Role::Border));
    }
};

/// Keeps what is in it as wide as the column of turns.
class ThreadColumn final : public QWidget {
public:
    ThreadColumn(const QMargins& margins, QWidget* parent) : QWidget(parent)
    {
        auto* row = new QHBoxLayout(this);
        row->setContentsMargins(margins);
        auto* inner = new QWidget(this);
        inner->setMaximumWidth(width::kThread);
        column = new QVBoxLayout(inner);
        column->setContentsMargins(0, 0, 0, 0);
        column->setSpacing(space::kS);
        row->addStretch(1);
        row->addWidget(inner, 1000);
        row->addStretch(1);
    }

    QVBoxLayout* column;
};

}  // namespace

ChatPage::ChatPage(ChatViewModel& viewModel, QWidget* parent) : QWidget(parent), m_viewModel(viewModel)
{
    setObjectName(QStringLiteral("chatPage"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->setSizeConstraint(QLayout::SetNoConstraint);
    m_list = new ConversationPane(viewModel, this);
    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    m_body = new QHBoxLayout;
    m_body->setSpacing(0);
    right->addWidget(makeHeader());
    m_body->addWidget(makeMiddle(), 1);
    m_inspector = new Inspector(viewModel, this);
    m_body->addWidget(m_inspector);
    right->addLayout(m_body, 1);
    row->addWidget(m_list);
    row->addLayout(right, 1);
    addActions();

    connect(&viewModel, &ChatViewModel::conversationChanged, this, &ChatPage::showConversation);
    connect(&viewModel, &ChatViewModel::settingsChanged, this, &ChatPage::showConversation);
    connect(&viewModel, &ChatViewModel::comparisonChanged, this, &ChatPage::showEmpty);
    connect(&viewModel, &ChatViewModel::modelsChanged, this, &ChatPage::showModels);
    connect(&viewModel, &ChatViewModel::problem, this, &ChatPage::showProblem);
    connect(&viewModel, &ChatViewModel::sent, this, [this] { m_banner->hide(); });
    connect(&viewModel.thread(), &QAbstractItemModel::rowsInserted, this, &ChatPage::showEmpty);
    connect(&viewModel.thread(), &QAbstractItemModel::rowsRemoved, this, &ChatPage::showEmpty);
    connect(&viewModel, &ChatViewModel::exported, this, [this](const QString& path) {
        Toast::show(this, {QStringLiteral("check"), tr("Exported"), path, {}, {}});
    });
    connect(&viewModel, &ChatViewModel::trashed, this, [this](qint64 id, const QString& title) {
        Toast::show(this, {QStringLiteral("trash"), tr("Deleted"), title, tr("Undo"),
                           [this, id] { m_viewModel.restore(id); }});
    });
    const auto openPicture = [this](const core::Picture& picture) {
        (new PictureViewer(picture, m_viewModel.pictures(), this))->open();
    };
    connect(m_thread, &ThreadView::pictureWanted, this, openPicture);
    connect(m_comparison, &ComparisonView::pictureWanted, this, openPicture);
    connect(m_composer, &Composer::pictureWanted, this, openPicture);
    const auto openLink = [](const QString& address) {
        const QUrl url(address);
        if (url.scheme() == QStringLiteral("http") || url.scheme() == QStringLiteral("https"))
            QDesktopServices::openUrl(url);
    };
    connect(m_thread, &ThreadView::linkActivated, this, openLink);
    connect(m_comparison, &ComparisonView::linkActivated, this, openLink);
    showModels();
    showConversation();
    showEmpty();
    setFocusProxy(&m_composer->text());
}

QWidget* ChatPage::makeHeader()
{
    auto* bar = new HeaderBar(this);
    bar->setFixedHeight(height::kPageHeader);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(space::kXl, 0, space::kL, 0);
    row->setSpacing(space::kS);
    m_title = new Label(TextStyle::PaneTitle, Role::Text, bar);
    m_title->setObjectName(QStringLiteral("chatTitle"));
    m_title->setElided(Qt::ElideRight);
    m_model = new QComboBox(bar);
    m_model->setObjectName(QStringLiteral("chatModel"));
    m_model->setAccessibleName(tr("Model"));
    m_model->setFixedWidth(216);
    m_adapters = new Chip(QString(), ChipTone::Accent, QStringLiteral("adapter"), bar);
    m_adapters->setObjectName(QStringLiteral("chatAdapters"));
    m_compare = makeButton(QStringLiteral("chatCompare"), tr("A/B"), ButtonKind::Outlined,
                           QStringLiteral("compare"), bar);
    m_compare->setAccessibleName(tr("Compare two answers side by side"));
    m_compare->setToolTip(tr("Two answers to one prompt, with the same seed  Ctrl+Shift+B"));
    m_compare->setCheckable(true);
    auto* share = makeIconButton(QStringLiteral("chatExport"), QStringLiteral("export"), tr("Export"), bar);
    auto* menu = new QMenu(share);
    menu->setObjectName(QStringLiteral("chatExportMenu"));
    auto* markdown = menu->addAction(tr("Markdown…"), this, [this] { exportAs(true); });
    auto* json = menu->addAction(tr("JSON with all branches…"), this, [this] { exportAs(false); });
    markdown->setObjectName(QStringLiteral("exportMarkdown"));
    json->setObjectName(QStringLiteral("exportJson"));
    share->setMenu(menu);
    share->setPopupMode(QToolButton::InstantPopup);
    m_panel = makeIconButton(QStringLiteral("chatPanel"), QStringLiteral("panel"),
                             tr("Settings of the conversation (F9)"), bar);
    m_panel->setCheckable(true);
    m_panel->setChecked(true);
    row->addWidget(m_title, 1);
    row->addWidget(m_adapters);
    row->addWidget(m_model);
    row->addWidget(m_compare);
    row->addSpacing(space::kS);
    row->addWidget(share);
    row->addWidget(m_panel);
    connect(m_model, &QComboBox::activated, this,
            [this](int index) { m_viewModel.setModel(m_model->itemData(index).toString()); });
    connect(m_compare, &QPushButton::toggled, &m_viewModel, &ChatViewModel::setComparing);
    connect(m_panel, &QToolButton::clicked, this, [this](bool isOn) {
        if (!isNarrow())
            m_wantsInspector = isOn;
        setInspector(isOn);
        if (!isOn)
            m_composer->text().setFocus();
    });
    return bar;
}

QWidget* ChatPage::makeMiddle()
{
    auto* middle = new QWidget(this);
    auto* column = new QVBoxLayout(middle);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* top = new ThreadColumn({space::kXl, space::kM, space::kXl, 0}, middle);
    m_baseNote = new Banner(Banner::Tone::Info, top);
    m_baseNote->setObjectName(QStringLiteral("chatBaseNote"));
    m_baseNote->setTitle(tr("A base model goes on with your text"));
    m_baseNote->setDetail(tr("It was not trained to answer: begin a text, and it writes what may follow."));
    m_banner = new Banner(Banner::Tone::Bad, top);
    m_banner->setObjectName(QStringLiteral("chatBanner"));
    top->column->addWidget(m_baseNote);
    top->column->addWidget(m_banner);
    m_banner->hide();
    m_thread = new ThreadView(m_viewModel, middle);
    auto* empty = new EmptyState(
        QStringLiteral("chat"), tr("A new conversation"),
        tr("Ask something below, with pictures if you like. All stays on this machine."), middle);
    empty->setObjectName(QStringLiteral("chatEmpty"));
    auto* models = makeButton(QStringLiteral("chatToModels"), tr("Models"), ButtonKind::Outlined,
                              QStringLiteral("models"));
    empty->addAction(models);
    connect(models, &QPushButton::clicked, this, [this] { Q_EMIT pageWanted(QStringLiteral("models")); });
    auto* stackHost = new QWidget(middle);
    m_stack = new QStackedLayout(stackHost);
    m_stack->addWidget(m_thread);
    m_stack->addWidget(empty);
    m_comparison = new ComparisonView(m_viewModel, middle);
    m_stack->addWidget(m_comparison);
    auto* bottom = new ThreadColumn({space::kXl, space::kM, space::kXl, space::kL}, middle);
    m_composer = new Composer(m_viewModel, bottom);
    bottom->column->addWidget(m_composer);
    bottom->column->addWidget(new ContextMeter(m_viewModel.meter(), bottom));
    column->addWidget(top);
    column->addWidget(stackHost, 1);
    column->addWidget(bottom);
    return middle;
}

void ChatPage::addActions()
{
    const auto add = [this](const char* name, const QString& text, const QList<QKeySequence>& keys,
                            auto slot) {
        auto* action = new QAction(text, this);
        action->setObjectName(QLatin1String(name));
        action->setShortcuts(keys);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        connect(action, &QAction::triggered, this, slot);
        addAction(action);
    };
    const auto lastId = [this](bool isUser) {
        const TurnView* turn = m_thread->lastTurn(isUser);
        return turn ? turn->id() : 0;
    };
    add("actionNewConversation", tr("New conversation"), {QKeySequence(Qt::CTRL | Qt::Key_N)}, [this] {
        m_viewModel.newConversation();
        m_composer->text().setFocus();
    });
    add("actionSearchConversations", tr("Search conversations"), {QKeySequence(Qt::CTRL | Qt::Key_F)},
        [this] { m_list->show(), m_list->focusSearch(); });
    add("actionSend", tr("Send"),
        {QKeySequence(Qt::CTRL | Qt::Key_Return), QKeySequence(Qt::CTRL | Qt::Key_Enter)},
        [this] { m_viewModel.send(m_composer->text().toPlainText()); });
    add("actionStop", tr("Stop the answer, or close the panel"), {QKeySequence(Qt::Key_Escape)}, [this] {
        if (m_inspector->isVisible() && isNarrow() && !m_viewModel.isAnsweringHere())
            m_panel->click();
        else
            m_viewModel.stop();
    });
    add("actionAnswerAgain", tr("Answer again"), {QKeySequence(Qt::CTRL | Qt::Key_R)},
        [this, lastId] { m_viewModel.regenerate(lastId(false)); });
    add("actionEditLast", tr("Edit the last message"), {QKeySequence(Qt::CTRL | Qt::Key_E)},
        [this] { editLast(); });
    add("actionEarlierVersion", tr("Earlier version"), {QKeySequence(Qt::ALT | Qt::Key_Left)},
        [this, lastId] { m_viewModel.showVersion(lastId(false), -1); });
    add("actionLaterVersion", tr("Later version"), {QKeySequence(Qt::ALT | Qt::Key_Right)},
        [this, lastId] { m_viewModel.showVersion(lastId(false), 1); });
    add("actionAddPictures", tr("Add pictures…"), {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O)},
        [this] { m_composer->choosePictures(); });
    add("actionPastePlain", tr("Paste as plain text"), {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_V)},
        [this] { m_composer->text().pastePlain(); });
    add("actionCompare", tr("Compare two answers side by side"),
        {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_B)}, [this] { m_compare->toggle(); });
    add("actionKeepLeft", tr("A/B: keep left"), {}, [this] { m_viewModel.keep(0); });
    add("actionKeepRight", tr("A/B: keep right"), {}, [this] { m_viewModel.keep(1); });
    add("actionAddAdapter", tr("Add an adapter…"), {}, [this] { m_inspector->adapters().choose(); });
    add("actionInspector", tr("Show settings of the conversation"), {QKeySequence(Qt::Key_F9)},
        [this] { m_panel->click(); });
    add("actionList", tr("Show the list of conversations"), {QKeySequence(Qt::CTRL | Qt::Key_F9)},
        [this] { m_list->setVisible(!m_list->isVisible()); });
    add("actionRenameConversation", tr("Rename conversation…"), {}, [this] { m_list->renameCurrent(); });
    add("actionDeleteConversation", tr("Delete conversation"), {}, [this] { m_list->removeCurrent(); });
    add("actionExportMarkdown", tr("Export as Markdown…"), {}, [this] { exportAs(true); });
    add("actionExportJson", tr("Export as JSON…"), {}, [this] { exportAs(false); });
}

void ChatPage::editLast()
{
    if (TurnView* turn = m_thread->lastTurn(/*isUser=*/true)) {
        turn->startEdit();
        m_thread->ensureWidgetVisible(turn);
    }
}

void ChatPage::showConversation()
{
    m_title->setText(m_viewModel.title());
    m_baseNote->setVisible(m_viewModel.isCompletion());
    showModels();
    showAdapters();
    showEmpty();
}

/// Beside the model, since it is not the model that answers.
void ChatPage::showAdapters()
{
    constexpr int kLongest = 200;
    const std::vector<core::UsedAdapter>& adapters = m_viewModel.settings().adapters;
    const QString words = wordsOf(adapters);
    m_adapters->setVisible(!adapters.empty());
    m_adapters->setText(adapters.size() > 1
                            ? tr("%1 adapters").arg(adapters.size())
                            : m_adapters->fontMetrics().elidedText(words, Qt::ElideMiddle, kLongest));
    m_adapters->setToolTip(words);
    m_adapters->setAccessibleName(tr("with %1").arg(words));
}

void ChatPage::showModels()
{
    const QSignalBlocker blocker(m_model);
    m_model->clear();
    for (const ModelChoice& choice : m_viewModel.modelChoices()) {
        const QString name = shownName(choice.name);
        const QString text = choice.detail.isEmpty() ? name : name + QStringLiteral("   ") + choice.detail;
        m_model->addItem(Icons::get(choice.isReady ? QStringLiteral("done") : QStringLiteral("models"),
                                    choice.isReady ? Role::Success : Role::Text3),
                         text, choice.name);
        m_model->setItemData(m_model->count() - 1, choice.isReady ? tr("%1, loaded").arg(name) : name,
                             Qt::AccessibleTextRole);
    }
    const int current = m_model->findData(m_viewModel.model());
    if (current < 0 && !m_viewModel.model().isEmpty())
        m_model->insertItem(0, shownName(m_viewModel.model()), m_viewModel.model());
    m_model->setCurrentIndex(std::max(current, 0));
    m_model->setPlaceholderText(tr("No model"));
    m_model->setToolTip(m_viewModel.model().isEmpty() ? tr("Import a model on the Models page")
                                                      : tr("Who answers"));
}

void ChatPage::showEmpty()
{
    m_compare->setChecked(m_viewModel.isComparing());
    m_stack->setCurrentIndex(m_viewModel.isComparing() ? 2 : m_viewModel.thread().rowCount() == 0 ? 1 : 0);
}

void ChatPage::showProblem(const QString& sentence)
{
    m_banner->setTitle(sentence);
    m_banner->clearActions();
    auto* close = makeButton(QStringLiteral("chatBannerClose"), tr("Close"), ButtonKind::Outlined);
    setCompact(close);
    connect(close, &QPushButton::clicked, m_banner, &QWidget::hide);
    m_banner->addAction(close);
    m_banner->show();
}

void ChatPage::exportAs(bool isMarkdown)
{
    if (m_viewModel.currentId() == 0)
        return;
    QString name = m_viewModel.title();
    name.replace(u'/', u'-');
    auto* dialog = new QFileDialog(this, isMarkdown ? tr("Export as Markdown") : tr("Export as JSON"));
    dialog->setObjectName(QStringLiteral("exportDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(isMarkdown ? QStringLiteral("md") : QStringLiteral("json"));
    dialog->selectFile(name + (isMarkdown ? QStringLiteral(".md") : QStringLiteral(".json")));
    connect(dialog, &QFileDialog::fileSelected, this, [this, isMarkdown](const QString& path) {
        m_viewModel.exportTo(path, isMarkdown ? ExportFormat::Markdown : ExportFormat::Json);
    });
    dialog->open();
}

void ChatPage::setInspector(bool isShown)
{
    m_inspector->setVisible(isShown);
    m_panel->setChecked(isShown);
    placeInspector();
}

bool ChatPage::isNarrow() const
{
    return width() < kNarrow;
}

/// Beside the thread where there is room, else over it, so that the thread keeps its width.
void ChatPage::placeInspector()
{
    if (!isNarrow()) {
        if (m_body->indexOf(m_inspector) < 0)
            m_body->addWidget(m_inspector);
        return;
    }
    m_body->removeWidget(m_inspector);
    m_inspector->setGeometry(width() - width::kInspector, height::kPageHeader, width::kInspector,
                             height() - height::kPageHeader);
    m_inspector->raise();
}

void ChatPage::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    m_list->setFixedWidth(isNarrow() ? 208 : width::kConversations);
    const bool wasNarrow = event->oldSize().isValid() && event->oldSize().width() < kNarrow;
    if (isNarrow() != wasNarrow || !event->oldSize().isValid())
        setInspector(m_wantsInspector && !isNarrow());
    placeInspector();
}

}  // namespace facet::ui
