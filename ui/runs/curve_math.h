#pragma once

// What is done to a curve before it is drawn.

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace facet::ui {

/// TensorBoard's smoothing: a moving average that forgets by `weight` (0 to 1), freed of its bias towards 0.
/// Values that are not finite are passed over; a curve stays as it is as long as it is constant.
///
/// Source  tensorboard/components/vz_line_chart2/line-chart.ts, resmoothDataset
class Smoother {
public:
    explicit Smoother(double weight) : m_weight(weight) {}

    /// The smoothed value at the next place.
    double next(double value);

private:
    double m_weight;
    double m_last = 0;
    double m_forgotten = 1;
    double m_first = 0;
    bool m_isConstant = true;
    bool m_isEmpty = true;
};

/// All values through a Smoother.
std::vector<double> smoothed(std::span<const double> values, double weight);

/// At most four points for each of `numColumns` columns of pixels: the first, the least, the greatest and the
/// last, in their order. So the picture is that of all points. `x` grows; what is not finite is left out. One
/// point outside each end is kept, where there is one, so that lines lead out of the picture.
void decimate(std::span<const double> x, std::span<const double> y, double from, double to, int numColumns,
              std::vector<double>& outX, std::vector<double>& outY);

/// The range that 5 to 95 % of the finite values lie in, a little widened; (0, 1) without any. With
/// `onlyPositive`, for a logarithmic axis, others do not count.
///
/// Source  TensorBoard's "ignore outliers in chart scaling"
std::pair<double, double> rangeWithoutOutliers(std::span<const double> values, bool onlyPositive);

}  // namespace facet::ui
