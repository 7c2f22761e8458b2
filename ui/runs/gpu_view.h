#pragma once

// What the GPUs of a run did, from the run's own samples: so of a run elsewhere, too.

#include "core/run/run_history.h"

#include <QWidget>

#include <array>
#include <memory>
#include <vector>

class QStackedWidget;
class QVBoxLayout;

namespace facet::ui {

class Label;
class Plot;

class GpuView final : public QWidget {
    Q_OBJECT

public:
    explicit GpuView(QWidget* parent = nullptr);

    /// The same run once more adds what is new.
    void show(const core::RunHistory& history);
    void clear();

    /// What stands beside a plot, "87 %"; "" if there is no such GPU.
    QString valueText(size_t gpu, size_t figure) const;

private:
    static constexpr size_t kFigures = 4;  // use, memory, power, heat
    using Values = std::shared_ptr<std::vector<double>>;

    struct Gpu {
        QWidget* row = nullptr;
        std::array<Label*, kFigures> values{};
        std::array<Plot*, kFigures> plots{};
        Values x;  // seconds
        std::array<Values, kFigures> y;
    };
    void addGpu(int64_t index);

    std::vector<Gpu> m_gpus;
    QStackedWidget* m_stack;
    QVBoxLayout* m_rows;
};

}  // namespace facet::ui
