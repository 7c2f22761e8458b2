#pragma once

// The form without widgets: one document that fields change, its history, what it means (asked for in another
// thread after each change), and the draft on the disk.

#include "jobs/recipe.h"
#include "ui/finetune/job_verdict.h"

#include <QDateTime>
#include <QObject>
#include <QTimer>

#include <memory>

namespace facet::ui {

class JobForm final : public QObject {
    Q_OBJECT

public:
    struct Parts {
        std::filesystem::path home;
        std::filesystem::path recipes;
        std::vector<core::BuiltInModel> builtIns;
    };

    /// Goes on with the draft that lies in `home`, if there is one.
    explicit JobForm(Parts parts, QObject* parent = nullptr);

    /// Writes the draft, if it is not yet on the disk.
    ~JobForm() override;

    const JobDocument& document() const { return m_document; }
    const JobVerdict& verdict() const { return m_verdict; }

    /// Whether the verdict is about the document as it is now.
    bool isJudged() const { return m_judgedRound == m_round; }

    const std::vector<core::BuiltInModel>& builtIns() const { return m_parts.builtIns; }
    const std::filesystem::path& home() const { return m_parts.home; }

    // Fields

    nlohmann::json value(
        const std::string& key) const;  ///< what counts: the job's, else the recipe's, else the default
    QString text(const std::string& key) const;  ///< as a field shows it, also what was typed and is no value
    nlohmann::json baseValue(const std::string& key) const;  ///< the recipe's, else the default
    bool differs(const std::string& key) const;
    QString problem(const std::string& key) const;
    QString warning(const std::string& key) const;

    void setText(const std::string& key, const QString& text);
    void set(const std::string& key, const nlohmann::json& value);

    /// Several at once, one step of undo; null takes a key back to the recipe unless null may stand there.
    void apply(const jobs::Settings& changes);
    void reset(const std::string& key) { reset(std::vector<std::string>{key}); }
    void reset(const std::vector<std::string>& keys);  ///< one step of undo
    void resetAll();

    /// All keys that differ from the recipe, in the order of the job file; name and folder are no
    /// differences.
    std::vector<std::string> changedKeys() const;

    bool canUndo() const { return m_history.canUndo(); }
    bool canRedo() const { return m_history.canRedo(); }
    void undo();
    void redo();

    /// A field was left: what comes is a step of its own.
    void endStep() { m_history.endStep(); }

    // Documents

    struct RecipeName {
        QString name;
        QString title;
    };
    QList<RecipeName> recipes() const;
    QString recipe() const;  ///< "" if there is none

    /// Starts anew from a recipe; what was there can be had back by undo.
    void startFromRecipe(const QString& name);

    /// A job file, or the folder of a run, whose job then gets a free name. Errors  as readJobFile
    core::Result<void> open(const QString& path);

    /// Errors  Io
    core::Result<void> save(const QString& path);

    QString file() const { return m_file; }  ///< last opened or saved; "" if none

    // Where it runs

    /// GPUs of this machine, as they become known; the CPU is always there.
    void setGpus(const std::vector<TrainDevice>& gpus);
    const std::vector<TrainDevice>& devices() const { return m_devices; }  ///< the GPUs, then the CPU

    /// Whether the GPUs are known by now.
    bool areGpusKnown() const { return m_areGpusKnown; }

    /// Devices that a run may have: what the user chose, else the first GPU, else the CPU. A chosen GPU that
    /// is not here is among them.
    std::vector<std::string> chosenDevices() const;
    void chooseDevices(const std::vector<std::string>& devices);

    /// "" is this machine.
    std::string profile() const { return m_document.place.profile; }
    void chooseProfile(const std::string& name);

    /// GPUs of a node of the chosen profile.
    void setClusterGpus(int64_t number);

    /// What costs are told for: of the chosen devices the one with the least memory, or a GPU of the cluster,
    /// of which no more is known.
    TrainDevice device() const;

    /// What the verdict knows of this machine has changed.
    void judgeAgain();

    /// The command that runs the job, as one would type it.
    QString commandLine() const;

    QDateTime draftSavedAt() const { return m_draftSavedAt; }
    QString draftProblem() const { return m_draftProblem; }

Q_SIGNALS:
    void changed();  ///< the document; fields show it at once
    void judged();   ///< the verdict
    void draftSaved();

private:
    void take(JobDocument document, const std::string& what);
    void show(JobDocument document);
    JobDocument anew() const;
    void put(JobDocument& document, const std::string& key, const nlohmann::json& value) const;
    void readRecipe();
    void ask();
    std::filesystem::path draftFile() const { return m_parts.home / "drafts" / "finetune.json"; }
    void readDraft();
    void writeDraft();

    Parts m_parts;
    JobDocument m_document;
    JobHistory m_history;
    std::optional<jobs::Recipe> m_recipe;
    JobVerdict m_verdict;
    std::vector<TrainDevice> m_devices;
    bool m_areGpusKnown = false;
    int64_t m_clusterGpus = 1;
    QString m_file;
    QTimer m_draftDelay;
    QDateTime m_draftSavedAt;
    QString m_draftProblem;
    int m_round = 0;
    int m_judgedRound = -1;
    bool m_isJudging = false;
};

/// A shell word: in quotes where it needs them.
QString shellWord(const QString& word);

}  // namespace facet::ui
