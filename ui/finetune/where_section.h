#pragma once

#include "ui/widgets/card.h"

#include <QList>

#include <string>
#include <vector>

class QCheckBox;
class QComboBox;
class QPushButton;
class QStackedWidget;
class QVBoxLayout;

namespace facet::ui {

class Chip;
class DeviceUse;
class JobCluster;
class JobForm;
class Label;
class LoadedModels;
class Segments;
class SweepDraft;

/// Where the job runs: devices of this machine, each with who has it, or a cluster's profile, with what that
/// would refuse.
///
/// Names: "wherePlace", "device.cuda:0", "device.cpu", "anyGpu", "whereLine"; "jobProfile", "editProfile".
class WhereSection final : public Card {
    Q_OBJECT

public:
    struct Parts {
        JobForm& form;
        SweepDraft& sweeps;
        DeviceUse& use;
        JobCluster& cluster;
        LoadedModels* loaded = nullptr;  ///< null: nothing is known of Chat's models
    };

    /// All parts must outlive this object.
    explicit WhereSection(const Parts& parts, QWidget* parent = nullptr);

Q_SIGNALS:
    /// The user wants to change this profile, or to make the first one: "".
    void profileWanted(const QString& name);

private:
    struct Row {
        std::string id;
        QCheckBox* box;
        Label* words;
        Label* memory;
        Chip* chip;
    };
    QWidget* makeDevices();
    QWidget* makeCluster();
    QWidget* makeLayout();
    std::vector<std::string> shownDevices() const;
    void choose(const std::string& id, bool isOn);
    void makeRows();
    void show();
    void showDevices();
    void showRow(const Row& row);
    void showCluster();
    QString lineOfDevices() const;

    Parts m_parts;
    Segments* m_place;
    QStackedWidget* m_stack;
    QWidget* m_layout;
    QVBoxLayout* m_rowsColumn = nullptr;
    QWidget* m_rowsHolder = nullptr;
    std::vector<Row> m_rows;
    QPushButton* m_any = nullptr;
    Label* m_line = nullptr;
    QComboBox* m_profile = nullptr;
    QPushButton* m_edit = nullptr;
    Label* m_profileLine = nullptr;
};

/// "GPU 0" for "cuda:0", "CPU".
QString deviceInWords(const std::string& id);

}  // namespace facet::ui
