#include "ui/chat/adapter_section.h"

#include "ui/chat/adapter_picker.h"
#include "ui/chat/chat_view_model.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

namespace facet::ui {

static constexpr double kMostScale = 100;  // as the engine's API has it

AdapterSection::AdapterSection(ChatViewModel& viewModel, QWidget* parent)
    : QWidget(parent), m_viewModel(viewModel), m_rowsColumn(new QVBoxLayout)
{
    setObjectName(QStringLiteral("chatAdapterSection"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kS);
    auto* head = new QHBoxLayout;
    head->addWidget(new Label(tr("Adapters"), TextStyle::BodyStrong));
    head->addStretch();
    QPushButton* add = makeButton(QStringLiteral("chatAddAdapter"), tr("Add…"), ButtonKind::Flat,
                                  QStringLiteral("plus"), this);
    add->setAccessibleName(tr("Add an adapter"));
    setCompact(add);
    head->addWidget(add);
    m_none = new Label(tr("None: the model answers as it is"), TextStyle::Small, Role::Text3);
    m_rowsColumn->setSpacing(space::kXs);
    column->addLayout(head);
    column->addLayout(m_rowsColumn);
    column->addWidget(m_none);
    connect(add, &QPushButton::clicked, this, &AdapterSection::choose);
    connect(&viewModel, &ChatViewModel::settingsChanged, this, &AdapterSection::showAdapters);
    connect(&viewModel.adapterOffers(), &AdapterList::offersChanged, this, &AdapterSection::showAdapters);
    showAdapters();
}

void AdapterSection::choose()
{
    auto* picker = new AdapterPicker(m_viewModel.adapterOffers(), AdapterPicker::For::Conversation, this);
    connect(picker, &AdapterPicker::picked, this,
            [this](const QString& path, const QString& name) { m_viewModel.addAdapter(path, name); });
    picker->open();
}

AdapterSection::Row AdapterSection::makeRow(size_t index)
{
    Row row = {new QWidget(this), new Label(TextStyle::Body), new QDoubleSpinBox,
               new Label(TextStyle::Small, Role::Danger)};
    const QString number = QString::number(index);
    row.name->setObjectName(QStringLiteral("adapterName") + number);
    row.name->setElided(Qt::ElideMiddle);
    row.scale->setObjectName(QStringLiteral("adapterScale") + number);
    row.scale->setRange(-kMostScale, kMostScale);
    row.scale->setDecimals(2);
    row.scale->setSingleStep(0.05);
    row.scale->setButtonSymbols(QAbstractSpinBox::NoButtons);
    row.scale->setAlignment(Qt::AlignRight);
    row.scale->setFixedWidth(60);
    row.scale->setLocale(QLocale::c());
    row.scale->setToolTip(tr("What the adapter adds is multiplied by this; 0 leaves it out"));
    row.scale->setFont(Theme::font(TextStyle::Mono));
    setCompact(row.scale);
    QToolButton* remove = makeIconButton(QStringLiteral("adapterRemove") + number, QStringLiteral("close"),
                                         tr("Take the adapter away"), row.widget);
    setCompact(remove);
    row.problem->setObjectName(QStringLiteral("adapterProblem") + number);
    row.problem->setWordWrap(true);
    auto* column = new QVBoxLayout(row.widget);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* line = new QHBoxLayout;
    line->setSpacing(space::kS);
    line->addWidget(row.name, 1);
    line->addWidget(row.scale);
    line->addWidget(remove);
    column->addLayout(line);
    column->addWidget(row.problem);
    connect(row.scale, &QDoubleSpinBox::valueChanged, this, [this, index](double scale) {
        std::vector<core::UsedAdapter> adapters = m_viewModel.settings().adapters;
        adapters[index].scale = scale;
        m_viewModel.setAdapters(adapters);
    });
    connect(remove, &QToolButton::clicked, this, [this, index] {
        std::vector<core::UsedAdapter> adapters = m_viewModel.settings().adapters;
        adapters.erase(adapters.begin() + static_cast<std::ptrdiff_t>(index));
        m_viewModel.setAdapters(adapters);
    });
    return row;
}

void AdapterSection::showAdapters()
{
    const std::vector<core::UsedAdapter>& adapters = m_viewModel.settings().adapters;
    while (m_rows.size() > adapters.size()) {
        m_rows.back().widget->hide();
        m_rows.back().widget->deleteLater();
        m_rows.pop_back();
    }
    while (m_rows.size() < adapters.size()) {
        m_rows.push_back(makeRow(m_rows.size()));
        m_rowsColumn->addWidget(m_rows.back().widget);
    }
    for (size_t i = 0; i < adapters.size(); ++i) {
        const Row& row = m_rows[i];
        const QString path = QString::fromStdString(adapters[i].path);
        const AdapterOffer* offer = m_viewModel.adapterOffers().find(path);
        row.name->setText(QString::fromStdString(adapters[i].name));
        row.name->setToolTip(path);
        row.scale->setAccessibleName(tr("Scale of %1").arg(row.name->text()));
        const QSignalBlocker blocker(row.scale);
        // Not while it says the same: setting it would write over what is half typed.
        if (row.scale->value() != adapters[i].scale)
            row.scale->setValue(adapters[i].scale);
        row.problem->setText(offer ? offer->problem : QString());
        row.problem->setVisible(offer && !offer->problem.isEmpty());
    }
    m_none->setVisible(adapters.empty());
}

}  // namespace facet::ui
