#pragma once

// Runs two steps of a form's job by `facet-engine estimate --probe`, and says what they took.

#include "jobs/estimate/edits.h"
#include "ui/finetune/job_document.h"

#include <QObject>
#include <QPointer>
#include <QProcess>

#include <filesystem>

namespace facet::ui {

class JobProbe final : public QObject {
    Q_OBJECT

public:
    enum class State {
        Idle,
        Running,
        Measured,
        TooLarge,  ///< memory did not suffice: problem() says where
        Failed     ///< problem() says why
    };

    /// Of a whole step of the job, in seconds, bytes and tokens.
    struct Figures {
        double memoryBytes = 0;
        double estimatedBytes = 0;
        double secondsPerStep = 0;
        double dataSeconds = 0;
        double forwardSeconds = 0;
        double backwardSeconds = 0;
        double optimizerSeconds = 0;
        double tokensPerSecond = 0;
        double secondsOfAllSteps = 0;  ///< 0: not known
        bool areRowsMadeUp = false;
    };

    /// `engine` is the program facet-engine; the job's file lies in `home`/cache.
    JobProbe(std::filesystem::path home, std::filesystem::path engine, QObject* parent = nullptr);

    /// Ends a probe that runs.
    ~JobProbe() override;

    State state() const { return m_state; }
    const Figures& figures() const { return m_figures; }
    QString progress() const { return m_progress; }  ///< "step 1 of 2: the longest samples"
    QString problem() const { return m_problem; }
    const std::vector<jobs::JobEdit>& edits() const { return m_edits; }  ///< what would need less: TooLarge

    void start(const JobDocument& document, const std::string& device);

    /// Ends what runs and forgets what was measured.
    void reset();

Q_SIGNALS:
    void changed();

private:
    void run(const std::filesystem::path& file, const std::string& device);
    void readProgress();
    void finish();
    void fail(const QString& sentence);

    std::filesystem::path m_home;
    std::filesystem::path m_engine;
    QPointer<QProcess> m_process;
    State m_state = State::Idle;
    Figures m_figures;
    QString m_progress;
    QString m_problem;
    std::vector<jobs::JobEdit> m_edits;
    int m_round = 0;  // what was asked for before the last reset() is not heard
};

}  // namespace facet::ui
