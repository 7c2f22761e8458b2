#include "ui/finetune/source_list.h"

#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QToolButton>

namespace facet::ui {

using nlohmann::json;

namespace {

constexpr int kWeightWidth = 72;
constexpr int kShareWidth = 56;

QString pathOf(const json& source)
{
    const bool isThere = source.is_object() && source.contains("path") && source["path"].is_string();
    return isThere ? QString::fromStdString(source["path"].get<std::string>()) : QString();
}

/// What counts as weight: none where it is no number.
std::optional<double> weightOf(const json& source)
{
    if (!source.is_object() || !source.contains("weight"))
        return 1;
    return source["weight"].is_number() ? std::optional(source["weight"].get<double>()) : std::nullopt;
}

QString weightText(const json& source)
{
    if (const std::optional<double> weight = weightOf(source))
        return QString::number(*weight);
    return source["weight"].is_string() ? QString::fromStdString(source["weight"].get<std::string>())
                                        : QString();
}

}  // namespace

SourceList::SourceList(QWidget* parent) : QWidget(parent), m_column(new QVBoxLayout(this))
{
    setAccessibleName(tr("Sources of the blend"));
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(space::kXs);
}

void SourceList::addRow()
{
    const auto index = static_cast<int>(m_rows.size());
    const QString number = QString::number(index);
    auto* holder = new QWidget;
    auto* line = new QHBoxLayout(holder);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(space::kS);
    auto* name = new QToolButton;
    name->setObjectName(QStringLiteral("source") + number);
    name->setCheckable(true);
    name->setAutoExclusive(false);
    name->setProperty("segment", true);
    name->setToolButtonStyle(Qt::ToolButtonTextOnly);
    name->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    name->setFocusPolicy(Qt::StrongFocus);
    connect(name, &QToolButton::clicked, this, [this, index] { Q_EMIT chosen(index); });
    auto* weight = new QLineEdit;
    weight->setObjectName(QStringLiteral("sourceWeight") + number);
    weight->setFixedWidth(kWeightWidth);
    weight->setAlignment(Qt::AlignRight);
    setCompact(weight);
    connect(weight, &QLineEdit::textEdited, this,
            [this, index](const QString& text) { Q_EMIT weightTyped(index, text); });
    connect(weight, &QLineEdit::editingFinished, this, &SourceList::weightLeft);
    auto* share = new Label(TextStyle::Mono, Role::Text2);
    share->setFixedWidth(kShareWidth);
    share->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    QToolButton* remove =
        makeIconButton(QStringLiteral("removeSource") + number, QStringLiteral("close"), QString());
    connect(remove, &QToolButton::clicked, this, [this, index] { Q_EMIT removed(index); });
    line->addWidget(name, 1);
    line->addWidget(weight);
    line->addWidget(share);
    line->addWidget(remove);
    m_column->addWidget(holder);
    m_rows.push_back({holder, name, weight, share, remove});
    if (index > 0) {  // reading order is the order of Tab
        setTabOrder(m_rows[m_rows.size() - 2].remove, name);
        setTabOrder(name, weight);
        setTabOrder(weight, remove);
    }
}

void SourceList::showSources(const json& sources, int current)
{
    const size_t count = sources.is_array() ? sources.size() : 0;
    while (m_rows.size() < count)
        addRow();
    while (m_rows.size() > count) {
        m_rows.back().holder->hide();  // it may be the sender
        m_rows.back().holder->deleteLater();
        m_rows.pop_back();
    }
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += weightOf(sources[i]).value_or(0);
    for (size_t i = 0; i < count; ++i) {
        const Row& row = m_rows[i];
        const QString path = pathOf(sources[i]);
        const QString name = path.isEmpty() ? tr("no file yet") : QFileInfo(path).fileName();
        row.name->setText(name.isEmpty() ? path : name);
        row.name->setToolTip(path);
        row.name->setAccessibleName(tr("Source %1: %2").arg(i + 1).arg(row.name->text()));
        row.name->setChecked(static_cast<int>(i) == current);
        row.weight->setAccessibleName(tr("Weight of %1").arg(row.name->text()));
        row.weight->setToolTip(tr("Its share of the samples, whatever its size"));
        const std::optional<double> weight = weightOf(sources[i]);
        if (!row.weight->hasFocus() && row.weight->text() != weightText(sources[i]))
            row.weight->setText(weightText(sources[i]));
        row.weight->setProperty("invalid", !weight || *weight < 0);
        row.weight->update();
        row.share->setText(weight && sum > 0 ? QStringLiteral("%1 %").arg(100 * *weight / sum, 0, 'f', 1)
                                             : QString());
        row.remove->setToolTip(tr("Remove %1 from the blend").arg(row.name->text()));
        row.remove->setAccessibleName(row.remove->toolTip());
    }
}

}  // namespace facet::ui
