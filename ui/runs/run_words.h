#pragma once

// A run in words, icons and colours.

#include "core/run/observed_run.h"
#include "ui/theme/tokens.h"

#include <QString>

namespace facet::ui::words {

/// "40 s", "9 min", "1 h 03 min", "2 d 4 h".
QString duration(double seconds);

/// "running", "paused", "lost at step 480".
QString condition(const core::ObservedRun& run);

/// The second line of a run in the list: "step 612 of 1,000", "lost at step 480 of 1,000", why it failed.
QString secondLine(const core::ObservedRun& run);

/// What stands at its right: "40 min left", "yesterday", "12 Nov".
QString rightOf(const core::ObservedRun& run);

QString iconOf(core::RunCondition condition);
Role roleOf(core::RunCondition condition);

/// "0.4826", "1.2e-05", "5,320".
QString number(double value);

}  // namespace facet::ui::words
