#include "ui/chat/conversation_pane.h"

#include "ui/chat/chat_view_model.h"
#include "ui/chat/chat_words.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QHBoxLayout>
#include <QInputDialog>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

namespace facet::ui {

namespace {

constexpr int kHeadingHeight = 32;
constexpr int kRowHeight = 48;

class ConversationDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const override
    {
        return {100, index.data(ConversationListModel::IsHeadingRole).toBool() ? kHeadingHeight : kRowHeight};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        painter->save();
        const QString title = index.data(ConversationListModel::TitleRole).toString();
        if (index.data(ConversationListModel::IsHeadingRole).toBool()) {
            painter->setFont(Theme::font(TextStyle::CaptionStrong));
            painter->setPen(Theme::color(Role::Text3));
            painter->drawText(option.rect.adjusted(space::kM, 0, -space::kM, -6),
                              Qt::AlignLeft | Qt::AlignBottom, title);
            painter->restore();
            return;
        }
        const QRect row = option.rect.adjusted(0, 0, -1, -1);
        const bool isSelected = option.state & QStyle::State_Selected;
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        if (isSelected || (option.state & QStyle::State_MouseOver)) {
            painter->setBrush(Theme::color(isSelected ? Role::Selected : Role::Hover));
            painter->drawRoundedRect(row, radius::kControl, radius::kControl);
        }
        if ((option.state & QStyle::State_HasFocus) && (option.state & QStyle::State_KeyboardFocusChange)) {
            painter->setBrush(Qt::NoBrush);
            painter->setPen(QPen(Theme::color(Role::Focus), 2));
            painter->drawRoundedRect(QRectF(row).adjusted(1, 1, -1, -1), radius::kControl, radius::kControl);
        }
        QRect text = row.adjusted(space::kM, 6, -space::kM, -6);
        if (index.data(ConversationListModel::HasPicturesRole).toBool()) {
            const QPixmap icon = Icons::pixmap(QStringLiteral("image"), Role::Text3, 16,
                                               option.widget ? option.widget->devicePixelRatioF() : 1);
            painter->drawPixmap(text.right() - 15, text.top() + 1, icon);
            text.setRight(text.right() - 22);
        }
        const QFont nameFont = Theme::font(TextStyle::Button);
        painter->setFont(nameFont);
        painter->setPen(Theme::color(Role::Text));
        painter->drawText(text, Qt::AlignLeft | Qt::AlignTop,
                          QFontMetrics(nameFont).elidedText(title, Qt::ElideRight, text.width()));
        const QString found = index.data(ConversationListModel::FoundRole).toString();
        const QString time = shortTime(index.data(ConversationListModel::UpdatedRole).toDateTime(),
                                       QDateTime::currentDateTime());
        const QString second = found.isEmpty() ? index.data(ConversationListModel::ModelRole).toString() +
                                                     QStringLiteral(", ") + time
                                               : found;
        const QFont small = Theme::font(TextStyle::Small);
        painter->setFont(small);
        painter->setPen(Theme::color(Role::Text3));
        painter->drawText(text, Qt::AlignLeft | Qt::AlignBottom,
                          QFontMetrics(small).elidedText(second, Qt::ElideRight, text.width()));
        painter->restore();
    }
};

}  // namespace

ConversationPane::ConversationPane(ChatViewModel& viewModel, QWidget* parent)
    : QWidget(parent), m_viewModel(viewModel)
{
    setObjectName(QStringLiteral("chatConversations"));
    setAccessibleName(tr("Conversations"));
    setFixedWidth(width::kConversations);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 1, 0);
    column->setSpacing(0);
    auto* head = new QWidget(this);
    head->setFixedHeight(height::kPageHeader);
    auto* headRow = new QHBoxLayout(head);
    headRow->setContentsMargins(space::kL, 0, space::kS, 0);
    headRow->addWidget(new Label(tr("Conversations"), TextStyle::Section));
    headRow->addStretch();
    QToolButton* add =
        makeIconButton(QStringLiteral("chatNew"), QStringLiteral("plus"), tr("New conversation"), head);
    headRow->addWidget(add);
    m_search = new QLineEdit(this);
    m_search->setObjectName(QStringLiteral("chatSearch"));
    m_search->setAccessibleName(tr("Search all text"));
    m_search->setPlaceholderText(tr("Search all text"));
    m_search->setClearButtonEnabled(true);
    m_search->addAction(Icons::get(QStringLiteral("search"), Role::Text3), QLineEdit::LeadingPosition);
    m_search->installEventFilter(this);
    auto* searchRow = new QHBoxLayout;
    searchRow->setContentsMargins(space::kM, space::kM, space::kM, 0);
    searchRow->addWidget(m_search);
    m_list = new QListView(this);
    m_list->setObjectName(QStringLiteral("chatList"));
    m_list->setAccessibleName(tr("Conversations"));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setModel(&viewModel.conversations());
    m_list->setItemDelegate(new ConversationDelegate(m_list));
    m_list->setMouseTracking(true);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    m_list->setProperty("focusRing", false);
    m_list->installEventFilter(this);
    auto* listRow = new QHBoxLayout;
    listRow->setContentsMargins(space::kXs, 0, space::kXs, 0);
    listRow->addWidget(m_list);
    auto* nothing = new Label(TextStyle::Small, Role::Text3, this);
    nothing->setWordWrap(true);
    nothing->setAlignment(Qt::AlignCenter);
    auto* nothingRow = new QHBoxLayout;
    nothingRow->setContentsMargins(space::kL, space::kL, space::kL, space::kL);
    nothingRow->addWidget(nothing);
    m_nothing = nothing;
    column->addWidget(head);
    column->addLayout(searchRow);
    column->addLayout(nothingRow);
    column->addLayout(listRow, 1);

    connect(add, &QToolButton::clicked, &viewModel, &ChatViewModel::newConversation);
    connect(m_search, &QLineEdit::textChanged, &viewModel, &ChatViewModel::setSearch);
    const auto openIndex = [this](const QModelIndex& index) {
        if (const qint64 id = index.data(ConversationListModel::IdRole).toLongLong(); id != 0)
            m_viewModel.open(id);
    };
    connect(m_list, &QListView::clicked, this, openIndex);
    connect(m_list, &QListView::activated, this, openIndex);
    connect(m_list, &QListView::customContextMenuRequested, this, &ConversationPane::showMenu);
    connect(&viewModel, &ChatViewModel::conversationChanged, this, &ConversationPane::showCurrent);
    const auto showNothing = [this, nothing] {
        const bool isEmpty = m_viewModel.conversations().numConversations() == 0;
        nothing->setVisible(isEmpty);
        nothing->setText(m_search->text().isEmpty() ? tr("What you write is kept here.")
                                                    : tr("No conversation has these words."));
    };
    const auto changed = [this, showNothing] {
        showNothing();
        showCurrent();
    };
    connect(&viewModel.conversations(), &QAbstractItemModel::modelReset, this, changed);
    connect(&viewModel.conversations(), &QAbstractItemModel::dataChanged, this, changed);
    changed();
}

void ConversationPane::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::color(Role::Surface));
    painter.fillRect(QRect(width() - 1, 0, 1, height()), Theme::color(Role::Border));
    painter.fillRect(QRect(0, height::kPageHeader - 1, width(), 1), Theme::color(Role::Border));
}

void ConversationPane::focusSearch()
{
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

void ConversationPane::showCurrent()
{
    const int row = m_viewModel.conversations().rowOf(m_viewModel.currentId());
    if (row < 0) {
        m_list->clearSelection();
        m_list->setCurrentIndex({});
        return;
    }
    const QModelIndex index = m_viewModel.conversations().index(row);
    if (m_list->currentIndex() != index)
        m_list->setCurrentIndex(index);
    m_list->selectionModel()->select(index, QItemSelectionModel::ClearAndSelect);
}

qint64 ConversationPane::currentId() const
{
    return m_list->currentIndex().data(ConversationListModel::IdRole).toLongLong();
}

void ConversationPane::renameCurrent()
{
    const qint64 id = currentId();
    if (id == 0)
        return;
    auto* dialog = new QInputDialog(this);
    dialog->setObjectName(QStringLiteral("renameDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Rename conversation"));
    dialog->setLabelText(tr("Name"));
    dialog->setTextValue(m_list->currentIndex().data(ConversationListModel::TitleRole).toString());
    dialog->setOkButtonText(tr("Rename"));
    connect(dialog, &QInputDialog::textValueSelected, &m_viewModel,
            [this, id](const QString& name) { m_viewModel.rename(id, name); });
    dialog->open();
}

void ConversationPane::removeCurrent()
{
    if (const qint64 id = currentId(); id != 0)
        m_viewModel.remove(id);
}

void ConversationPane::showMenu(const QPoint& at)
{
    const QModelIndex index = m_list->indexAt(at);
    if (index.data(ConversationListModel::IdRole).toLongLong() == 0)
        return;
    m_list->setCurrentIndex(index);
    QMenu menu(this);
    menu.addAction(Icons::get(QStringLiteral("edit")), tr("Rename…"), this, &ConversationPane::renameCurrent);
    menu.addAction(Icons::get(QStringLiteral("trash")), tr("Delete"), this, &ConversationPane::removeCurrent);
    menu.exec(m_list->viewport()->mapToGlobal(at));
}

bool ConversationPane::eventFilter(QObject* object, QEvent* event)
{
    if (event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (object == m_list && key == Qt::Key_Delete) {
            removeCurrent();
            return true;
        }
        if (object == m_list && key == Qt::Key_F2) {
            renameCurrent();
            return true;
        }
        if (object == m_search && key == Qt::Key_Down) {
            m_list->setFocus(Qt::TabFocusReason);
            return true;
        }
        if (object == m_search && key == Qt::Key_Escape && !m_search->text().isEmpty()) {
            m_search->clear();
            return true;
        }
    }
    return QWidget::eventFilter(object, event);
}

}  // namespace facet::ui
