#pragma once

#include <cstdint>
#include <optional>

#include "metrics/decision/difference.h"

namespace sightline {

// The mean of a handful of changes is not normal, and Student's t calls three images that fell,
// with none that rose, significant at 4%. What stands here holds for any number of them; it asks
// only which images fell and which rose.

/// A mean over so few images that differ that t is not to be trusted alone.
bool has_few_changes(const DifferenceEstimate& estimate);

/// Exact sign test over the images that differ (Dixon and Mood, JASA 1946): the probability under
/// fair coins of at least as many falling images as there are. For a mean that fell by more than
/// any margin it is at least the p-value of no fall. 1 without any.
double p_sign_below(const DifferenceEstimate& estimate);
double p_sign_above(const DifferenceEstimate& estimate);
/// To either side: twice the smaller, at most 1.
double p_sign_two_sided(const DifferenceEstimate& estimate);

/// The largest fall (`falling`) or rise of the mean that is possible at confidence 1 - `alpha`: the
/// upper bound of the share of images that fall (Clopper and Pearson, Biometrika 1934) times
/// `range`, the greatest difference a sample can have. Images that rise are not set against it.
double largest_possible_fall(const DifferenceEstimate& estimate, double alpha, double range = 1);
double largest_possible_rise(const DifferenceEstimate& estimate, double alpha, double range = 1);

/// How many images, of which the same share falls, would bring `largest_possible_fall` (for
/// `falling`; else the rise) below `limit`. No value where no number does, or more than 10^12.
std::optional<std::uint64_t> images_to_exclude(const DifferenceEstimate& estimate, bool falling,
                                               double limit, double alpha, double range = 1);

}  // namespace sightline
