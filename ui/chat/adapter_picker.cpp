#include "ui/chat/adapter_picker.h"

#include "ui/theme/icons.h"
#include "ui/theme/style_shapes.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QCoreApplication>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

namespace facet::ui {

namespace {

/// Finds words in names; for a side of A/B, whole models can be chosen.
class OfferFilter final : public QSortFilterProxyModel {
public:
    OfferFilter(AdapterPicker::For purpose, QObject* parent)
        : QSortFilterProxyModel(parent), m_purpose(purpose)
    {
    }

    Qt::ItemFlags flags(const QModelIndex& index) const override
    {
        const Qt::ItemFlags flags = QSortFilterProxyModel::flags(index);
        return isFreeModel(index) ? flags | Qt::ItemIsEnabled : flags;
    }

    QVariant data(const QModelIndex& index, int role) const override
    {
        if (role == AdapterList::DetailRole && isFreeModel(index))
            return AdapterPicker::tr("a whole model: the engine holds it beside the other");
        return QSortFilterProxyModel::data(index, role);
    }

private:
    bool isFreeModel(const QModelIndex& index) const
    {
        return m_purpose == AdapterPicker::For::Side && index.isValid() &&
               mapToSource(index).data(AdapterList::IsModelRole).toBool();
    }

    AdapterPicker::For m_purpose;
};

/// Name and what is to be known of it below; grey where it cannot be used.
class OfferDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override
    {
        const int lines = QFontMetrics(Theme::font(TextStyle::BodyStrong)).height() +
                          QFontMetrics(Theme::font(TextStyle::Small)).height();
        return {100, std::max(height::kListRow, lines + 16)};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const shapes::Painted painted(painter);
        const bool isEnabled = index.flags() & Qt::ItemIsEnabled;
        const QRect row = option.rect.adjusted(0, 0, -1, -2);
        const bool isSelected = isEnabled && (option.state & QStyle::State_Selected);
        if (isSelected || (isEnabled && (option.state & QStyle::State_MouseOver)))
            shapes::drawPanel(painter, row, Theme::color(isSelected ? Role::Selected : Role::Hover),
                              Qt::transparent, radius::kCard, 0);
        const bool isModel = index.data(AdapterList::IsModelRole).toBool();
        const QRect text = row.adjusted(space::kM + 28, space::kS, -space::kM, -space::kS);
        shapes::drawIcon(painter, isModel ? QStringLiteral("models") : QStringLiteral("adapter"),
                         isEnabled ? Role::AccentText : Role::TextOff,
                         QPointF(row.left() + space::kM + 9, row.center().y()), 18);
        const auto draw = [&](TextStyle style, Role role, Qt::Alignment place, const QString& words) {
            painter->setFont(Theme::font(style));
            painter->setPen(Theme::color(role));
            painter->drawText(text, static_cast<int>(Qt::AlignLeft | place),
                              painter->fontMetrics().elidedText(words, Qt::ElideRight, text.width()));
        };
        draw(TextStyle::BodyStrong, isEnabled ? Role::Text : Role::Text3, Qt::AlignTop,
             index.data().toString());
        draw(TextStyle::Small, Role::Text3, Qt::AlignBottom, index.data(AdapterList::DetailRole).toString());
    }
};

}  // namespace

AdapterPicker::AdapterPicker(AdapterList& adapters, For purpose, QWidget* parent)
    : QDialog(parent), m_adapters(adapters), m_shown(new OfferFilter(purpose, this))
{
    setObjectName(QStringLiteral("adapterPicker"));
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(purpose == For::Side ? tr("Who answers on this side") : tr("Add an adapter"));
    resize(width::kPalette, 480);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kL, space::kL, space::kL, space::kL);
    column->setSpacing(space::kM);
    m_search = new QLineEdit;
    m_search->setObjectName(QStringLiteral("adapterSearch"));
    m_search->setAccessibleName(tr("Find a checkpoint"));
    m_search->setPlaceholderText(tr("Find a run or a checkpoint"));
    m_search->setClearButtonEnabled(true);
    m_search->addAction(Icons::get(QStringLiteral("search"), Role::Text3), QLineEdit::LeadingPosition);
    m_search->installEventFilter(this);
    m_shown->setSourceModel(&adapters);
    m_shown->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_list = new QListView;
    m_list->setObjectName(QStringLiteral("adapterOffers"));
    m_list->setAccessibleName(tr("What was trained"));
    m_list->setModel(m_shown);
    m_list->setItemDelegate(new OfferDelegate(m_list));
    m_list->setUniformItemSizes(true);
    m_list->setMouseTracking(true);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    auto* hint =
        new Label(tr("Checkpoints of all runs are listed here as they are saved. What cannot be used "
                     "with this model says why."),
                  TextStyle::Small, Role::Text3);
    hint->setWordWrap(true);
    auto* row = new QHBoxLayout;
    QPushButton* folder = makeButton(QStringLiteral("adapterFolder"), tr("Choose a folder…"),
                                     ButtonKind::Outlined, QStringLiteral("folder"));
    QPushButton* cancel = makeButton(QStringLiteral("adapterCancel"), tr("Cancel"));
    m_use = makeButton(QStringLiteral("adapterUse"), tr("Use"), ButtonKind::Primary);
    m_use->setDefault(true);
    row->addWidget(folder);
    row->addStretch();
    row->addWidget(cancel);
    row->addWidget(m_use);
    column->addWidget(m_search);
    column->addWidget(m_list, 1);
    column->addWidget(hint);
    column->addLayout(row);
    connect(m_search, &QLineEdit::textChanged, this, [this](const QString& words) {
        m_shown->setFilterFixedString(words);
        showState();
    });
    connect(m_list, &QListView::activated, this, &AdapterPicker::pick);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, &AdapterPicker::showState);
    connect(&adapters, &AdapterList::offersChanged, this, &AdapterPicker::showState);
    connect(folder, &QPushButton::clicked, this, &AdapterPicker::chooseFolder);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_use, &QPushButton::clicked, this, [this] { pick(m_list->currentIndex()); });
    adapters.refresh();
    showState();
}

/// The first that can be used is chosen until somebody chooses.
void AdapterPicker::showState()
{
    const auto canBeUsed = [](const QModelIndex& index) {
        return index.isValid() && (index.flags() & Qt::ItemIsEnabled);
    };
    if (!canBeUsed(m_list->currentIndex()))
        for (int row = 0; row < m_shown->rowCount(); ++row)
            if (const QModelIndex index = m_shown->index(row, 0); canBeUsed(index)) {
                m_list->setCurrentIndex(index);
                break;
            }
    m_use->setEnabled(canBeUsed(m_list->currentIndex()));
}

void AdapterPicker::pick(const QModelIndex& index)
{
    if (!index.isValid() || !(index.flags() & Qt::ItemIsEnabled))
        return;
    const QString path = index.data(AdapterList::PathRole).toString(), name = index.data().toString();
    const bool isModel = index.data(AdapterList::IsModelRole).toBool();
    Q_EMIT picked(path, name, isModel);
    accept();
}

void AdapterPicker::chooseFolder()
{
    auto* dialog = new QFileDialog(this, tr("Choose an adapter's folder"));
    dialog->setObjectName(QStringLiteral("adapterFolderDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        connect(&m_adapters, &AdapterList::folderAdded, this,
                [this](const QString& folder, const QString& name) {
                    Q_EMIT picked(folder, name, false);
                    accept();
                });
        // The page says why not; there it can be read.
        connect(&m_adapters, &AdapterList::refused, this, &QDialog::reject);
        m_adapters.addFolder(path);
    });
    dialog->open();
}

/// One looks for a name and goes down into the list without leaving the field.
bool AdapterPicker::eventFilter(QObject* object, QEvent* event)
{
    if (object == m_search && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Up || key == Qt::Key_Down || key == Qt::Key_PageUp || key == Qt::Key_PageDown) {
            QCoreApplication::sendEvent(m_list, event);
            return true;
        }
    }
    return QDialog::eventFilter(object, event);
}

}  // namespace facet::ui
