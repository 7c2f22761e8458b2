#pragma once

// Pan & scan: a long picture is shown to Gemma 3 whole and as a row of crops.

#include <cstdint>
#include <vector>

namespace facet::core {

struct CropRect {
    int64_t x = 0;  ///< pixels from the left
    int64_t y = 0;  ///< pixels from the top
    int64_t width = 0;
    int64_t height = 0;

    bool operator==(const CropRect&) const = default;
};

/// The crops of a picture, left to right or top to bottom; none if it is not long enough or the crops would
/// be too small. The last one may be smaller: all have the size rounded up, and it ends with the picture.
///
/// Units   pixels; `minRatioToActivate` is long side over short side
/// Limits  sides of at least 1, else there are no crops
/// Source  transformers, Gemma3ImageProcessor.pan_and_scan; defaults of its processor
std::vector<CropRect> panAndScanCrops(int64_t width, int64_t height, int64_t minCropSize = 256,
                                      int64_t maxNumCrops = 4, double minRatioToActivate = 1.2);

}  // namespace facet::core
