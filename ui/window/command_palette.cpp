#include "ui/window/command_palette.h"

#include "ui/theme/style_shapes.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QStyledItemDelegate>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

namespace facet::ui {

using namespace shapes;

namespace {

constexpr int kRow = 32;
constexpr int kMostRows = 12;

class CommandDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {0, kRow}; }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const Painted painted(painter);
        const QRect row = option.rect.adjusted(4, 0, -4, 0);
        if (option.state & QStyle::State_Selected)
            drawPanel(painter, row, color(Role::Selected), Qt::transparent, radius::kControl, 0);
        const bool isEnabled = index.data(ActionList::EnabledRole).toBool();
        painter->setFont(Theme::font(TextStyle::Body));
        painter->setPen(color(isEnabled ? Role::Text : Role::TextOff));
        const QRect text = row.adjusted(space::kM, 0, -space::kM, 0);
        painter->drawText(text, Qt::AlignLeft | Qt::AlignVCenter, index.data().toString());
        painter->setFont(Theme::font(TextStyle::Mono));
        painter->setPen(color(isEnabled ? Role::Text3 : Role::TextOff));
        painter->drawText(text, Qt::AlignRight | Qt::AlignVCenter,
                          index.data(ActionList::ShortcutRole).toString());
    }
};

}  // namespace

ActionList::ActionList(const QWidget& window, QObject* parent) : QAbstractListModel(parent)
{
    for (QAction* action : window.findChildren<QAction*>())
        if (!action->objectName().isEmpty() && !action->text().isEmpty() && !action->isSeparator() &&
            !action->menu() && !action->objectName().startsWith(QLatin1Char('_')) &&
            action->objectName() != QLatin1String("showCommands"))
            m_actions << action;
    // What can be done now comes first.
    std::ranges::stable_sort(m_actions, [](const QPointer<QAction>& left, const QPointer<QAction>& right) {
        return left->isEnabled() && !right->isEnabled();
    });
}

int ActionList::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_actions.size());
}

QVariant ActionList::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const QAction* action = m_actions[index.row()];
    if (!action)
        return {};
    switch (role) {
        case Qt::DisplayRole:
        case Qt::AccessibleTextRole: {
            QString text = action->text();
            return text.remove(QLatin1Char('&'));
        }
        case ShortcutRole:
            return action->shortcut().toString(QKeySequence::NativeText);
        case EnabledRole:
            return action->isEnabled();
        default:
            return {};
    }
}

CommandPalette::CommandPalette(QWidget* window)
    : QDialog(window, Qt::Dialog | Qt::FramelessWindowHint),
      m_actions(*window),
      m_words(new QLineEdit),
      m_list(new QListView)
{
    setObjectName(QStringLiteral("commandPalette"));
    setWindowTitle(tr("Commands"));
    setAttribute(Qt::WA_TranslucentBackground);
    m_found.setSourceModel(&m_actions);
    m_found.setFilterCaseSensitivity(Qt::CaseInsensitive);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1, space::kS, 1, space::kS);
    column->setSpacing(space::kS);
    m_words->setObjectName(QStringLiteral("commandWords"));
    m_words->setAccessibleName(tr("Command"));
    m_words->setPlaceholderText(tr("What do you want to do?"));
    m_words->setProperty("bare", true);
    m_words->setProperty("focusRing", false);
    m_words->setFont(Theme::font(TextStyle::Chat));
    auto* margin = new QVBoxLayout;
    margin->setContentsMargins(space::kL, 0, space::kL, 0);
    margin->addWidget(m_words);
    column->addLayout(margin);
    m_list->setObjectName(QStringLiteral("commandList"));
    m_list->setAccessibleName(tr("Commands"));
    m_list->setModel(&m_found);
    m_list->setItemDelegate(new CommandDelegate(m_list));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setUniformItemSizes(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    QPalette colors = m_list->palette();
    colors.setColor(QPalette::Base, color(Role::Raised));
    m_list->setPalette(colors);
    m_words->setPalette(colors);
    column->addWidget(m_list);

    m_words->installEventFilter(this);
    connect(m_words, &QLineEdit::textChanged, this, [this](const QString& words) {
        m_found.setFilterFixedString(words);
        m_list->setCurrentIndex(m_found.index(0, 0));
    });
    connect(m_words, &QLineEdit::returnPressed, this, [this] { run(m_list->currentIndex()); });
    connect(m_list, &QListView::clicked, this, &CommandPalette::run);
    m_list->setCurrentIndex(m_found.index(0, 0));

    const int rows = qMin(kMostRows, m_actions.rowCount());
    resize(width::kPalette, rows * kRow + height::kControl + 3 * space::kS + 2);
    move(window->mapToGlobal(QPoint((window->width() - width()) / 2, 96)));
    m_words->setFocus();
}

bool CommandPalette::eventFilter(QObject* object, QEvent* event)
{
    if (object == m_words && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        const int step = key == Qt::Key_Down ? 1 : key == Qt::Key_Up ? -1 : 0;
        if (step) {
            const int row = qBound(0, m_list->currentIndex().row() + step, m_found.rowCount() - 1);
            m_list->setCurrentIndex(m_found.index(row, 0));
            return true;
        }
    }
    return QDialog::eventFilter(object, event);
}

void CommandPalette::run(const QModelIndex& index)
{
    if (!index.isValid() || !index.data(ActionList::EnabledRole).toBool())
        return;
    const QPointer<QAction> action = m_actions.action(m_found.mapToSource(index).row());
    accept();
    // After this dialog is gone, so that the action finds the window as it was.
    if (action)
        QTimer::singleShot(0, action, &QAction::trigger);
}

void CommandPalette::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Painted painted(&painter);
    drawPanel(&painter, rect(), color(Role::Raised), color(Role::BorderStrong), radius::kDialog);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.fillRect(1, m_list->y() - space::kXs, width() - 2, 1, color(Role::Border));
}

}  // namespace facet::ui
