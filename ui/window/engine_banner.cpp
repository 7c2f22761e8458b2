#include "ui/window/engine_banner.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"

#include <QVBoxLayout>

namespace facet::ui {

EngineBanner::EngineBanner(EngineClient& client, QWidget* parent)
    : QWidget(parent), m_client(client), m_banner(new Banner(Banner::Tone::Warning))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kXl, space::kM, space::kXl, space::kM);
    column->addWidget(m_banner);
    m_banner->setObjectName(QStringLiteral("engineBanner"));
    QPushButton* again = makeButton(QStringLiteral("engineRetry"), tr("Try again"), ButtonKind::Outlined);
    QPushButton* log = makeButton(QStringLiteral("engineLogButton"), tr("Engine log"), ButtonKind::Flat);
    setCompact(again);
    setCompact(log);
    connect(again, &QPushButton::clicked, &m_client, &EngineClient::retry);
    connect(log, &QPushButton::clicked, this, &EngineBanner::logWanted);
    m_banner->addAction(again);
    m_banner->addAction(log);
    connect(&m_client, &EngineClient::stateChanged, this, &EngineBanner::show);
    show(m_client.state());
}

void EngineBanner::show(EngineClient::State state)
{
    const bool hasEnded = state == EngineClient::State::Off && !m_client.problem().isEmpty();
    const bool isBad = state == EngineClient::State::Refused;
    setVisible(hasEnded || isBad || state == EngineClient::State::Failed);
    if (!isVisibleTo(parentWidget()))
        return;
    m_banner->setTone(isBad ? Banner::Tone::Bad : Banner::Tone::Warning);
    m_banner->setTitle(isBad ? tr("The engine cannot be used") : tr("The engine does not run"));
    m_banner->setDetail(m_client.problem().isEmpty() ? m_client.stateText() : m_client.problem());
}

}  // namespace facet::ui
