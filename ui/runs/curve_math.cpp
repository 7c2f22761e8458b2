#include "ui/runs/curve_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace facet::ui {
namespace {

constexpr double kNothing = 1e-20;  // 1 less that is 1
constexpr double kHuge = std::numeric_limits<double>::max();

}  // namespace

double Smoother::next(double value)
{
    if (!std::isfinite(value) || m_weight <= 0)
        return value;
    m_first = m_isEmpty ? value : m_first;
    m_isEmpty = false;
    m_isConstant = m_isConstant && value == m_first;
    m_last = m_last * m_weight + (1 - m_weight) * value;
    m_forgotten *= m_weight;
    if (m_forgotten < kNothing)
        m_forgotten = 0;
    if (m_isConstant)
        return value;
    return m_weight >= 1 || m_forgotten == 0 ? m_last : m_last / (1 - m_forgotten);
}

std::vector<double> smoothed(std::span<const double> values, double weight)
{
    Smoother smoother(weight);
    std::vector<double> result(values.begin(), values.end());
    for (double& value : result)
        value = smoother.next(value);
    return result;
}

void decimate(std::span<const double> x, std::span<const double> y, double from, double to, int numColumns,
              std::vector<double>& outX, std::vector<double>& outY)
{
    outX.clear();
    outY.clear();
    if (x.empty() || !(to > from) || numColumns < 1)
        return;
    size_t begin = static_cast<size_t>(std::ranges::lower_bound(x, from) - x.begin());
    size_t end = static_cast<size_t>(std::ranges::upper_bound(x, to) - x.begin());
    begin -= begin > 0 ? 1 : 0;
    end += end < x.size() ? 1 : 0;
    const auto add = [&](size_t i) {
        if (std::isfinite(y[i])) {
            outX.push_back(x[i]);
            outY.push_back(y[i]);
        }
    };
    if (end - begin <= 4 * static_cast<size_t>(numColumns)) {
        for (size_t i = begin; i < end; ++i)
            add(i);
        return;
    }
    const double scale = numColumns / (to - from);
    for (size_t i = begin; i < end;) {
        // One column: all points up to its right edge.
        const double right = from + (std::floor((x[i] - from) * scale) + 1) / scale;
        const size_t stop = std::max(
            i + 1, static_cast<size_t>(std::lower_bound(x.begin() + i, x.begin() + end, right) - x.begin()));
        size_t least = i, greatest = i;
        double low = std::isfinite(y[i]) ? y[i] : kHuge, high = std::isfinite(y[i]) ? y[i] : -kHuge;
        for (size_t at = i + 1; at < stop; ++at) {
            const double value = y[at];
            if (value < low && value >= -kHuge) {
                low = value;
                least = at;
            }
            if (value > high && value <= kHuge) {
                high = value;
                greatest = at;
            }
        }
        size_t before = x.size();
        for (const size_t point : {i, std::min(least, greatest), std::max(least, greatest), stop - 1}) {
            if (point != before)
                add(point);
            before = point;
        }
        i = stop;
    }
}

std::pair<double, double> rangeWithoutOutliers(std::span<const double> values, bool onlyPositive)
{
    // Of a million, ten thousand say it as well.
    constexpr size_t kEnough = 10'000;
    const size_t stride = std::max<size_t>(1, values.size() / kEnough);
    std::vector<double> some;
    for (size_t i = 0; i < values.size(); i += stride)
        if (std::isfinite(values[i]) && (values[i] > 0 || !onlyPositive))
            some.push_back(values[i]);
    if (some.empty())
        return {0, 1};
    std::ranges::sort(some);
    const auto at = [&](double share) {
        return some[static_cast<size_t>(std::lround(share * static_cast<double>(some.size() - 1)))];
    };
    const double least = at(0.05), greatest = at(0.95);
    if (least == greatest)
        return {onlyPositive ? least / 1.1 : least - 0.5, onlyPositive ? least * 1.1 : least + 0.5};
    if (onlyPositive) {
        const double room = std::pow(greatest / least, 0.1);
        return {least / room, greatest * room};
    }
    const double room = 0.1 * (greatest - least);
    return {least - room, greatest + room};
}

}  // namespace facet::ui
