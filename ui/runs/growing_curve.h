#pragma once

// A curve of a run as a plot draws it, kept up to date point by point: what a new point costs does not depend
// on how many there are.

#include "ui/runs/curve_math.h"
#include "ui/runs/run_data.h"

#include <memory>
#include <string>
#include <vector>

namespace facet::ui {

class GrowingCurve {
public:
    using Values = std::shared_ptr<const std::vector<double>>;

    /// `weight` is that of the smoothing, 0 for none; values are multiplied by `factor`.
    GrowingCurve(std::string metric, AxisKind axis, double weight = 0, double factor = 1);

    /// Takes the rows of `table` that came since the last call, and all of them anew where earlier ones are
    /// others now, as after a resume. `metrics` says when the run began and how many tokens a step had; a
    /// point of `table` that they do not cover yet waits for them on an axis of tokens.
    void follow(const core::StepTable& table, const core::StepTable& metrics);

    /// Smooths what there is anew.
    void setWeight(double weight);

    const std::string& metric() const { return m_metric; }
    bool isOf(const std::string& metric, AxisKind axis) const { return metric == m_metric && axis == m_axis; }
    bool isEmpty() const { return m_x->empty(); }

    /// They grow.
    Values x() const { return m_x; }
    Values y() const { return m_y; }
    Values smooth() const { return m_weight > 0 ? m_smooth : m_y; }

    /// How many points were computed in all, for tests.
    size_t numComputed() const { return m_numComputed; }

private:
    void begin();

    std::string m_metric;
    AxisKind m_axis;
    double m_weight;
    double m_factor;
    std::shared_ptr<std::vector<double>> m_x, m_y, m_smooth;
    Smoother m_smoother;
    int64_t m_lastStep = 0;
    double m_lastTime = 0;
    double m_beginning = 0;  // of the run, on an axis of time
    size_t m_numComputed = 0;
};

}  // namespace facet::ui
