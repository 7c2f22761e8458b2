#pragma once

#include "ui/clusters/cluster_draft.h"

#include <QDialog>

#include <functional>

class QPushButton;

namespace facet::ui {

class Banner;
class Label;

/// The script of a draft with what would be refused beside it, before it is written to a file or handed to
/// SLURM.
///
/// Names: "scriptDialog", "scriptCancel", "scriptCopy", "scriptSave", "scriptSubmit", "scriptRunsHere".
class ScriptDialog final : public QDialog {
    Q_OBJECT

public:
    enum class Purpose { Export, Submit };

    /// `runs` is the folder that the Runs page looks into; `draft` must outlive this object. It deletes
    /// itself when it is closed.
    ScriptDialog(ClusterDraft& draft, Purpose purpose, std::filesystem::path runs, QWidget* parent);

Q_SIGNALS:
    void submitWanted();

private:
    void show();

    ClusterDraft& m_draft;
    std::filesystem::path m_runs;
    Purpose m_purpose;
    Banner* m_banner;
    Label* m_place;
    QPushButton* m_runsHere;
    QPushButton* m_go = nullptr;
};

/// Asks for a file and writes the draft's script into it; then says by `done` why that did not work, or "".
void saveScript(QWidget* parent, const ClusterDraft& draft,
                const std::function<void(const QString& problem)>& done);

/// Why the draft's script cannot be handed to the SLURM of this machine; "" if it can.
QString whyNotSubmitted(const ClusterDraft& draft);

}  // namespace facet::ui
