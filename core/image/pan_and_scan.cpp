#include "core/image/pan_and_scan.h"

#include <algorithm>
#include <cmath>

namespace facet::core {

std::vector<CropRect> panAndScanCrops(int64_t width, int64_t height, int64_t minCropSize, int64_t maxNumCrops,
                                      double minRatioToActivate)
{
    if (width < 1 || height < 1)
        return {};
    const bool landscape = width >= height;
    const int64_t longSide = std::max(width, height);
    const int64_t shortSide = std::min(width, height);

    const double ratio = static_cast<double>(longSide) / static_cast<double>(shortSide);
    if (ratio < minRatioToActivate)
        return {};

    // Crops close to square, not below the smallest size, two or more of them.
    int64_t crops = static_cast<int64_t>(std::floor(ratio + 0.5));
    crops = std::min(longSide / std::max<int64_t>(minCropSize, 1), crops);
    crops = std::min(std::max<int64_t>(crops, 2), maxNumCrops);
    if (crops < 1)
        return {};

    const int64_t cropLength = (longSide + crops - 1) / crops;
    if (std::min(cropLength, shortSide) < minCropSize)
        return {};

    std::vector<CropRect> rects;
    for (int64_t at = 0; at < crops * cropLength && at < longSide; at += cropLength) {
        const int64_t length = std::min(cropLength, longSide - at);
        rects.push_back(landscape ? CropRect{at, 0, length, height} : CropRect{0, at, width, length});
    }
    return rects;
}

}  // namespace facet::core
