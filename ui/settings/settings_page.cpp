#include "ui/settings/settings_page.h"

#include "ui/models/words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/field_row.h"
#include "ui/widgets/label.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/segments.h"

#include <QAction>
#include <QComboBox>
#include <QDesktopServices>
#include <QGridLayout>
#include <QLineEdit>
#include <QScrollArea>
#include <QTimer>
#include <QUrl>

#include <array>

namespace facet::ui {

namespace {

constexpr int kColumn = 720;
constexpr std::array kTextSizes = {90, 100, 110, 125, 150};

QHBoxLayout* makeRow()
{
    auto* row = new QHBoxLayout;
    row->setSpacing(space::kS);
    return row;
}

}  // namespace

SettingsPage::SettingsPage(Parts parts, QWidget* parent) : QWidget(parent), m_parts(std::move(parts))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* header = new PageHeader(tr("Settings"));
    header->setSummary(tr("Changes act at once"));
    column->addWidget(header);

    auto* content = new QWidget;
    content->setProperty("pane", true);
    content->setAccessibleName(tr("Settings"));
    auto* centred = new QHBoxLayout(content);
    centred->setContentsMargins(space::kXl, space::kL, space::kXl, space::kXl);
    auto* cards = new QVBoxLayout;
    cards->setSpacing(space::kL);
    for (QWidget* card : {makeAccount(), makeEngine(), makeAppearance(), makePlaces(), makeKeys()}) {
        card->setMaximumWidth(kColumn);
        card->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Maximum);
        cards->addWidget(card);
    }
    cards->addStretch();
    centred->addLayout(cards, 1);
    auto* area = new QScrollArea;
    area->setObjectName(QStringLiteral("settingsArea"));
    area->setAccessibleName(tr("Settings"));
    area->setFrameShape(QFrame::NoFrame);
    area->setWidgetResizable(true);
    area->setFocusPolicy(Qt::NoFocus);
    area->setWidget(content);
    area->viewport()->setAutoFillBackground(false);
    content->setAutoFillBackground(false);
    column->addWidget(area, 1);

    connect(&m_parts.account, &HubAccount::changed, this, &SettingsPage::showAccount);
    connect(&m_parts.client, &EngineClient::stateChanged, this, [this](EngineClient::State state) {
        if (state == EngineClient::State::Ready)
            askDevices();
        showEngine();
    });
    showAccount();
    showEngine();
    if (m_parts.client.state() == EngineClient::State::Ready)
        askDevices();
    setFocusProxy(m_token);

    auto* enter = new QAction(tr("Settings: enter a Hugging Face token"), this);
    enter->setObjectName(QStringLiteral("actionEnterToken"));
    connect(enter, &QAction::triggered, this, &SettingsPage::enterToken);
    addAction(enter);
}

QWidget* SettingsPage::makeAccount()
{
    auto* card = new Card(tr("Hugging Face"));
    m_testChip = new Chip(QString());
    card->header()->addWidget(m_testChip);
    m_token = new QLineEdit;
    m_token->setObjectName(QStringLiteral("hubToken"));
    m_token->setAccessibleName(tr("Hugging Face token"));
    m_token->setEchoMode(QLineEdit::Password);
    m_token->setPlaceholderText(tr("Paste a token: hf_…"));
    m_token->setInputMethodHints(Qt::ImhSensitiveData | Qt::ImhNoPredictiveText);
    QPushButton* test = makeButton(QStringLiteral("testToken"), tr("Test"), ButtonKind::Outlined);
    m_forget = makeButton(QStringLiteral("forgetToken"), tr("Forget"), ButtonKind::Flat);
    QPushButton* make = makeButton(QStringLiteral("makeToken"), tr("Make a token"), ButtonKind::Link,
                                   QStringLiteral("export"));
    connect(m_token, &QLineEdit::editingFinished, this, &SettingsPage::useToken);
    connect(test, &QPushButton::clicked, this, [this] {
        useToken();
        m_parts.account.runTest();
    });
    connect(m_forget, &QPushButton::clicked, this, [this] { m_parts.account.setToken({}); });
    connect(make, &QPushButton::clicked, this, [this] {
        QDesktopServices::openUrl(QUrl(QString::fromStdString(m_parts.account.settings().endpoint) +
                                       QStringLiteral("/settings/tokens")));
    });
    auto* field = new QWidget;
    auto* row = new QHBoxLayout(field);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(space::kS);
    row->addWidget(m_token, 1);
    row->addWidget(test);
    row->addWidget(m_forget);
    row->addWidget(make);
    m_tokenRow = new FieldRow(tr("Token"), field);
    m_testLine = new Label(TextStyle::Small, Role::Text2);
    m_testLine->setObjectName(QStringLiteral("tokenTestResult"));
    m_testLine->setWordWrap(true);
    card->body()->addWidget(m_tokenRow);
    card->body()->addWidget(m_testLine);
    return card;
}

void SettingsPage::useToken()
{
    if (m_token->text().trimmed().isEmpty())
        return;
    m_parts.account.setToken(m_token->text());
    m_token->clear();  // it is not shown again, and stays out of undo and selection
}

void SettingsPage::showAccount()
{
    const HubAccount& account = m_parts.account;
    m_forget->setEnabled(account.hasOwnToken());
    m_token->setPlaceholderText(account.hasOwnToken() ? tr("A token is set; paste another to replace it")
                                                      : tr("Paste a token: hf_…"));
    m_tokenRow->setHelp(account.tokenInWords());
    m_testLine->setVisible(account.test() == HubAccount::Test::Bad ||
                           account.test() == HubAccount::Test::Running);
    m_testLine->setRole(account.test() == HubAccount::Test::Bad ? Role::Danger : Role::Text2);
    m_testLine->setText(account.testInWords());
    switch (account.test()) {
        case HubAccount::Test::Untested:
            m_testChip->setText(account.settings().token.empty() ? tr("no token") : tr("not tested"));
            m_testChip->setTone(ChipTone::Plain);
            m_testChip->setIcon({});
            break;
        case HubAccount::Test::Running:
            m_testChip->setText(tr("testing"));
            m_testChip->setTone(ChipTone::Accent);
            m_testChip->setIcon(QStringLiteral("running"));
            break;
        case HubAccount::Test::Good:
            m_testChip->setText(tr("account %1").arg(account.testInWords()));
            m_testChip->setTone(ChipTone::Good);
            m_testChip->setIcon(QStringLiteral("check"));
            break;
        case HubAccount::Test::Bad:
            m_testChip->setText(tr("not accepted"));
            m_testChip->setTone(ChipTone::Bad);
            m_testChip->setIcon(QStringLiteral("error"));
            break;
    }
    m_testChip->setObjectName(QStringLiteral("tokenChip"));
    m_testChip->updateGeometry();
}

QWidget* SettingsPage::makeEngine()
{
    auto* card = new Card(tr("Engine"));
    m_engineChip = new Chip(QString());
    card->header()->addWidget(m_engineChip);

    m_engineKind = new Segments(tr("Where the engine runs"), {tr("On this machine"), tr("At an address")});
    m_engineKind->setObjectName(QStringLiteral("engineKind"));
    connect(m_engineKind, &Segments::chosen, this, [this](int kind) {
        m_remote->setVisible(kind == 1);
        if (kind == 0)
            m_parts.settings.setEngineAddress({});
        else
            m_address->setFocus();
    });
    card->body()->addWidget(new FieldRow(tr("Runs"), m_engineKind));

    m_remote = new QWidget;
    auto* remote = new QVBoxLayout(m_remote);
    remote->setContentsMargins(0, 0, 0, 0);
    remote->setSpacing(space::kM);
    m_address = new QLineEdit(m_parts.settings.engineAddress());
    m_address->setObjectName(QStringLiteral("engineAddress"));
    m_address->setPlaceholderText(QStringLiteral("http://127.0.0.1:8080"));
    m_addressRow = new FieldRow(tr("Address"), m_address,
                                tr("Of an engine that runs elsewhere: forward its port first, for instance "
                                   "ssh -L 8080:127.0.0.1:8080 gpu-host."));
    m_engineToken = new QLineEdit;
    m_engineToken->setObjectName(QStringLiteral("engineToken"));
    m_engineToken->setEchoMode(QLineEdit::Password);
    m_engineToken->setPlaceholderText(tr("What FACET_TOKEN was there, or the engine printed"));
    m_engineTokenRow = new FieldRow(tr("Its token"), m_engineToken);
    connect(m_address, &QLineEdit::editingFinished, this, &SettingsPage::useAddress);
    connect(m_engineToken, &QLineEdit::editingFinished, this, [this] {
        if (m_engineToken->text().trimmed().isEmpty())
            return;
        m_parts.engineToken.set(m_engineToken->text().trimmed());
        m_engineToken->clear();
        useAddress();
    });
    connect(&m_parts.engineToken, &Secret::changed, this, &SettingsPage::showEngine);
    remote->addWidget(m_addressRow);
    remote->addWidget(m_engineTokenRow);
    card->body()->addWidget(m_remote);
    const bool isRemote = !m_parts.settings.engineAddress().isEmpty();
    m_engineKind->setCurrent(isRemote ? 1 : 0);
    m_remote->setVisible(isRemote);

    m_device = new QComboBox;
    m_device->setObjectName(QStringLiteral("defaultDevice"));
    m_device->addItem(tr("Best device"), QStringLiteral("auto"));
    connect(m_device, &QComboBox::activated, this, [this] {
        m_parts.settings.setDevice(m_device->currentData().toString());
        showEngine();
    });
    auto* deviceRow = new FieldRow(tr("Device that models are loaded on"), m_device);
    card->body()->addWidget(deviceRow);
    m_deviceLine = new Label(TextStyle::Small, Role::Text3);
    m_deviceLine->setWordWrap(true);
    card->body()->addWidget(m_deviceLine);

    auto* row = makeRow();
    m_engineLine = new Label(TextStyle::Small, Role::Text2);
    m_engineLine->setObjectName(QStringLiteral("engineState"));
    m_engineLine->setWordWrap(true);
    QPushButton* retry = makeButton(QStringLiteral("settingsRetry"), tr("Connect again"));
    QPushButton* log = makeButton(QStringLiteral("settingsLog"), tr("Engine log"), ButtonKind::Flat,
                                  QStringLiteral("terminal"));
    setCompact(retry);
    setCompact(log);
    connect(retry, &QPushButton::clicked, this, [this] {
        m_parts.client.retry();
        m_parts.client.connectToEngine();
    });
    connect(log, &QPushButton::clicked, this, &SettingsPage::engineLogWanted);
    row->addWidget(m_engineLine, 1);
    row->addWidget(retry);
    row->addWidget(log);
    card->body()->addLayout(row);
    return card;
}

void SettingsPage::useAddress()
{
    const QString text = m_address->text().trimmed();
    const QUrl url(text, QUrl::StrictMode);
    const bool isGood = url.isValid() &&
                        (url.scheme() == QLatin1String("http") || url.scheme() == QLatin1String("https")) &&
                        !url.host().isEmpty();
    m_addressRow->setError(
        isGood || text.isEmpty()
            ? QString()
            : tr("\"%1\" is no address: give one such as http://127.0.0.1:8080.").arg(text));
    if (isGood)
        m_parts.settings.setEngineAddress(text);
}

void SettingsPage::showEngine()
{
    const EngineClient& client = m_parts.client;
    const bool isReady = client.state() == EngineClient::State::Ready;
    const bool isBad =
        client.state() == EngineClient::State::Refused || client.state() == EngineClient::State::Failed;
    m_engineChip->setText(isReady ? tr("ready") : isBad ? tr("not usable") : tr("not running"));
    m_engineChip->setTone(isReady ? ChipTone::Good : isBad ? ChipTone::Bad : ChipTone::Plain);
    m_engineChip->setIcon(isReady ? QStringLiteral("check") : isBad ? QStringLiteral("error") : QString());
    m_engineChip->updateGeometry();
    m_engineLine->setText(isReady ? tr("%1, version %2").arg(client.stateText(), client.version().version)
                                  : client.stateText());
    switch (m_parts.engineToken.place()) {
        case Secret::Place::Nowhere:
            m_engineTokenRow->setHelp(tr("None is set."));
            break;
        case Secret::Place::Keyring:
            m_engineTokenRow->setHelp(tr("One is set, and kept in the desktop's keyring."));
            break;
        case Secret::Place::Session:
            m_engineTokenRow->setHelp(tr("One is set, and lasts until Facet is closed."));
            break;
    }
    QStringList lines;
    for (const EngineDevice& device : m_devices) {
        QString line = QStringLiteral("%1  %2").arg(device.id, device.name);
        if (device.memoryBytes)
            line += QStringLiteral(", ") + words::gibibytes(device.memoryBytes);
        if (!device.isUsable)
            line += QStringLiteral(": ") + device.problem;
        lines << line;
    }
    m_deviceLine->setText(lines.join(QLatin1Char('\n')));
    m_deviceLine->setVisible(!lines.isEmpty());
}

void SettingsPage::askDevices()
{
    m_parts.client.listDevices(this, [this](const core::Result<QList<EngineDevice>>& devices) {
        if (!devices)
            return;
        m_devices = *devices;
        m_device->clear();
        m_device->addItem(tr("Best device"), QStringLiteral("auto"));
        for (const EngineDevice& device : m_devices)
            if (device.isUsable)
                m_device->addItem(QStringLiteral("%1  %2").arg(device.id, device.name), device.id);
        m_device->setCurrentIndex(qMax(0, m_device->findData(m_parts.settings.device())));
        showEngine();
    });
}

QWidget* SettingsPage::makeAppearance()
{
    auto* card = new Card(tr("Appearance"));
    auto* scheme = new Segments(tr("Colours"), {tr("As the desktop"), tr("Light"), tr("Dark")});
    scheme->setObjectName(QStringLiteral("appearance"));
    scheme->setCurrent(static_cast<int>(m_parts.settings.appearance()));
    connect(scheme, &Segments::chosen, this, [this](int choice) {
        m_parts.settings.setAppearance(static_cast<StudioSettings::Appearance>(choice));
    });
    connect(&m_parts.settings, &StudioSettings::appearanceChanged, scheme,
            [this, scheme] { scheme->setCurrent(static_cast<int>(m_parts.settings.appearance())); });
    QStringList sizes;
    for (const int size : kTextSizes)
        sizes << tr("%1 %").arg(size);
    auto* text = new Segments(tr("Text size"), sizes);
    text->setObjectName(QStringLiteral("textSize"));
    for (size_t i = 0; i < kTextSizes.size(); ++i)
        if (kTextSizes[i] == m_parts.settings.textPercent())
            text->setCurrent(static_cast<int>(i));
    if (m_parts.settings.textPercent() == 100)
        text->setCurrent(1);
    connect(text, &Segments::chosen, this,
            [this](int choice) { m_parts.settings.setTextPercent(kTextSizes[static_cast<size_t>(choice)]); });
    auto* row = makeRow();
    row->setSpacing(space::kXl);
    row->addWidget(new FieldRow(tr("Colours"), scheme));
    row->addWidget(new FieldRow(tr("Text size"), text));
    row->addStretch();
    card->body()->addLayout(row);
    return card;
}

QWidget* SettingsPage::makePlaces()
{
    auto* card = new Card(tr("Where things lie"));
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(space::kL);
    grid->setVerticalSpacing(space::kS);
    grid->setColumnStretch(1, 1);
    for (const Place& place : m_parts.places) {
        const int row = grid->rowCount();
        auto* name = new Label(place.name, TextStyle::SmallStrong, Role::Text2);
        auto* folder = new Label(place.folder, TextStyle::Mono);
        folder->setElided(Qt::ElideMiddle);
        folder->setTextInteractionFlags(Qt::TextSelectableByMouse);
        folder->setFocusPolicy(Qt::NoFocus);
        auto* why =
            new Label(place.decidedBy.isEmpty() ? tr("the default") : tr("set by %1").arg(place.decidedBy),
                      TextStyle::Small, Role::Text3);
        QToolButton* open = makeIconButton(QStringLiteral("openPlace%1").arg(row), QStringLiteral("folder"),
                                           tr("Open the folder of: %1").arg(place.name));
        setCompact(open);
        connect(open, &QToolButton::clicked, this,
                [folder = place.folder] { QDesktopServices::openUrl(QUrl::fromLocalFile(folder)); });
        grid->addWidget(name, row, 0);
        grid->addWidget(folder, row, 1);
        grid->addWidget(why, row, 2);
        grid->addWidget(open, row, 3);
    }
    card->body()->addLayout(grid);
    return card;
}

QWidget* SettingsPage::makeKeys()
{
    auto* card = new Card(tr("Keys"));
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(space::kL);
    grid->setVerticalSpacing(6);
    grid->setColumnStretch(0, 1);
    grid->setColumnStretch(2, 1);
    card->body()->addLayout(grid);
    // Once the window has all its pages: the list is made of the actions themselves.
    QTimer::singleShot(0, this, [this, grid] {
        int count = 0;
        for (const QAction* action : window()->findChildren<QAction*>()) {
            if (action->objectName().isEmpty() || action->shortcut().isEmpty())
                continue;
            const int column = count % 2 * 2;
            const int row = count / 2;
            QString text = action->text();
            grid->addWidget(new Label(text.remove(QLatin1Char('&')), TextStyle::Small, Role::Text2), row,
                            column);
            auto* keys = new Label(action->shortcut().toString(QKeySequence::NativeText), TextStyle::Mono,
                                   Role::Text3);
            grid->addWidget(keys, row, column + 1);
            ++count;
        }
    });
    return card;
}

void SettingsPage::enterToken()
{
    m_token->setFocus(Qt::ShortcutFocusReason);
}

}  // namespace facet::ui
