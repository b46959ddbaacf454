// Two samples to per-second values. Pure.
#pragma once

#include "cli/model.h"

namespace qm::cli {

// The later sample, in which each counter is its growth per second of sample time, and each gauge
// and text what it is. Null: no earlier value, no time between the samples (one sample read
// twice), a clock or a counter that went back, or a wall clock that stepped in between.
// head gets "rates": true.
Instances rates_between(const ClassInfo& info, const Instances& earlier, const Instances& later);

// How far the two clocks of a sample may disagree about the time between two samples before it
// counts as a step: adjtime's slewing stays far below.
inline constexpr double kMostClockDrift = 0.01;          // of the time between
inline constexpr double kMostClockJitterSeconds = 0.05;  // the two are not read at one instant

}  // namespace qm::cli
