#include "ui/chat/context_meter.h"

#include "ui/chat/chat_words.h"
#include "ui/chat/token_meter.h"
#include "ui/widgets/label.h"
#include "ui/widgets/stack_bar.h"

#include <QCoreApplication>
#include <QHBoxLayout>

namespace facet::ui {

static constexpr double kNearlyFull = 0.85;

struct MeterPart {
    const char* name;
    Role role;
};
static constexpr MeterPart kParts[] = {{QT_TRANSLATE_NOOP("Meter", "System"), Role::Part7},
                                       {QT_TRANSLATE_NOOP("Meter", "Text"), Role::Part1},
                                       {QT_TRANSLATE_NOOP("Meter", "Pictures"), Role::Part3},
                                       {QT_TRANSLATE_NOOP("Meter", "Draft"), Role::Part6}};

ContextMeter::ContextMeter(TokenMeter& meter, QWidget* parent) : QWidget(parent), m_meter(meter)
{
    setObjectName(QStringLiteral("chatMeter"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(space::kM);
    m_bar = new StackBar(6, this);
    m_bar->setFixedWidth(160);
    m_bar->setAccessibleName(tr("Context"));
    m_total = new Label(TextStyle::CaptionStrong, Role::Text, this);
    m_total->setObjectName(QStringLiteral("chatMeterTotal"));
    m_legend = new QWidget(this);
    auto* legend = new QHBoxLayout(m_legend);
    legend->setContentsMargins(0, 0, 0, 0);
    legend->setSpacing(6);
    for (const MeterPart& part : kParts) {
        legend->addWidget(new PartMark(part.role, m_legend));
        m_parts.append(new Label(TextStyle::Caption, Role::Text2, m_legend));
        legend->addWidget(m_parts.last());
        legend->addSpacing(6);
    }
    m_warning = new Label(TextStyle::CaptionStrong, Role::Warning, this);
    row->addWidget(m_bar);
    row->addWidget(m_total);
    row->addWidget(m_legend);
    row->addWidget(m_warning);
    row->addStretch();
    connect(&meter, &TokenMeter::changed, this, &ContextMeter::show);
    show();
}

void ContextMeter::show()
{
    const TokenMeter::Count& count = m_meter.count();
    m_bar->setVisible(count.isKnown());
    m_legend->setVisible(count.isKnown());
    if (!count.isKnown()) {
        m_total->setText(tr("The context is counted once the model is loaded."));
        m_warning->clear();
        return;
    }
    const int amounts[] = {count.system, count.text, count.pictures, count.draft};
    QVector<StackBar::Part> parts;
    for (int i = 0; i < 4; ++i) {
        const QString name = QCoreApplication::translate("Meter", kParts[i].name);
        m_parts[i]->setText(tr("%1 %2").arg(name, thousands(amounts[i])));
        parts.append({name, static_cast<double>(amounts[i]), kParts[i].role,
                      tr("%1 tokens").arg(thousands(amounts[i]))});
    }
    m_bar->setParts(parts, count.contextLength);
    m_total->setText(tr("%1 of %2").arg(thousands(count.total()), thousands(count.contextLength)));
    const double share = static_cast<double>(count.total()) / count.contextLength;
    m_warning->setRole(share >= 1 ? Role::Danger : Role::Warning);
    m_warning->setText(share >= 1             ? tr("Too long: the next message would be refused")
                       : share >= kNearlyFull ? tr("Nearly full")
                                              : QString());
}

}  // namespace facet::ui
