#pragma once

#include "ui/engine/engine_client.h"
#include "ui/settings/hub_account.h"
#include "ui/settings/studio_settings.h"

#include <QWidget>

class QComboBox;
class QLineEdit;
class QPushButton;
class QVBoxLayout;

namespace facet::ui {

class Chip;
class FieldRow;
class Label;
class Segments;

/// What holds for the whole program. Everything acts at once; there is no "apply".
class SettingsPage final : public QWidget {
    Q_OBJECT

public:
    struct Place {
        QString name;  ///< "Library and settings"
        QString folder;
        QString decidedBy;  ///< a variable's name; "" for the default
    };

    /// All must outlive the page. `engineToken` is for an engine at an address.
    struct Parts {
        StudioSettings& settings;
        HubAccount& account;
        Secret& engineToken;
        EngineClient& client;
        QList<Place> places;
    };

    explicit SettingsPage(Parts parts, QWidget* parent = nullptr);

public Q_SLOTS:
    /// Puts the cursor where the Hugging Face token goes.
    void enterToken();

Q_SIGNALS:
    void engineLogWanted();

private:
    QWidget* makeAccount();
    QWidget* makeAppearance();
    QWidget* makeEngine();
    QWidget* makePlaces();
    QWidget* makeKeys();
    void showAccount();
    void showEngine();
    void askDevices();
    void useToken();
    void useAddress();

    Parts m_parts;
    QLineEdit* m_token;
    FieldRow* m_tokenRow;
    QPushButton* m_forget;
    Chip* m_testChip;
    Label* m_testLine;
    Segments* m_engineKind;
    QWidget* m_remote;
    QLineEdit* m_address;
    FieldRow* m_addressRow;
    QLineEdit* m_engineToken;
    FieldRow* m_engineTokenRow;
    Chip* m_engineChip;
    Label* m_engineLine;
    QComboBox* m_device;
    Label* m_deviceLine;
    QList<EngineDevice> m_devices;
};

}  // namespace facet::ui
