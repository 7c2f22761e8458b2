#include "ui/runs/growing_curve.h"

#include <algorithm>
#include <limits>

namespace facet::ui {

GrowingCurve::GrowingCurve(std::string metric, AxisKind axis, double weight, double factor)
    : m_metric(std::move(metric)), m_axis(axis), m_weight(weight), m_factor(factor), m_smoother(weight)
{
    begin();
}

/// Vectors of its own each time: a plot may still hold the old ones.
void GrowingCurve::begin()
{
    m_x = std::make_shared<std::vector<double>>();
    m_y = std::make_shared<std::vector<double>>();
    m_smooth = std::make_shared<std::vector<double>>();
    m_smoother = Smoother(m_weight);
}

void GrowingCurve::setWeight(double weight)
{
    if (weight == m_weight)
        return;
    m_weight = weight;
    m_smoother = Smoother(weight);
    m_smooth = std::make_shared<std::vector<double>>();
    if (weight <= 0)
        return;
    m_smooth->reserve(m_y->size());
    for (const double value : *m_y)
        m_smooth->push_back(m_smoother.next(value));
}

void GrowingCurve::follow(const core::StepTable& table, const core::StepTable& metrics)
{
    const std::vector<double>* values = table.find(m_metric);
    const double beginning = metrics.times.empty() ? 0 : metrics.times.front();
    const size_t known = m_x->size();
    // A time belongs to one attempt: the same step of a later one has another.
    const bool isSame =
        values && known <= table.size() && beginning == m_beginning &&
        (known == 0 || (table.steps[known - 1] == m_lastStep && table.times[known - 1] == m_lastTime));
    if (!isSame)
        begin();
    m_beginning = beginning;
    if (!values)
        return;
    const std::vector<double>* tokens = metrics.find("tokens");
    double before = m_x->empty() ? 0 : m_x->back();
    for (size_t i = m_x->size(); i < table.size(); ++i) {
        double at = before;
        switch (m_axis) {
            case AxisKind::Step:
                at = static_cast<double>(table.steps[i]);
                break;
            case AxisKind::Time:
                at = table.times[i] - beginning;
                break;
            case AxisKind::Tokens: {
                const auto step = std::ranges::lower_bound(metrics.steps, table.steps[i]);
                const auto place = static_cast<size_t>(step - metrics.steps.begin());
                if (tokens && place >= tokens->size())
                    return;
                at = tokens ? (*tokens)[place] : before;
                break;
            }
        }
        // A clock that was set back must not turn the curve round.
        before = std::max(at, before);
        m_x->push_back(before);
        m_y->push_back((*values)[i] * m_factor);
        if (m_weight > 0)
            m_smooth->push_back(m_smoother.next(m_y->back()));
        m_lastStep = table.steps[i];
        m_lastTime = table.times[i];
        ++m_numComputed;
    }
}

}  // namespace facet::ui
