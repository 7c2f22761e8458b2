#pragma once

#include "core/run/run_history.h"

#include <QHash>
#include <QSet>
#include <QTextBrowser>

#include <filesystem>

namespace facet::ui {

/// What the model answered to the job's prompts, step by step, with their pictures.
class SamplesView final : public QTextBrowser {
    Q_OBJECT

public:
    explicit SamplesView(QWidget* parent = nullptr);

    /// `run` is the folder that pictures' relative paths begin at. The same run once more adds what is new.
    void show(const std::filesystem::path& run, const core::RunHistory& history);
    void clearSamples();

protected:
    QVariant loadResource(int type, const QUrl& name) override;

private:
    QString m_run;
    size_t m_numShown = 0;
    QHash<QString, QImage> m_pictures;  // small, by address
    QSet<QString> m_asked;
};

}  // namespace facet::ui
