#include "metrics/decision/sequential.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace sightline {

namespace {

void require_level(double alpha, const char* name) {
  require(alpha > 0 && alpha < 1, "{} of a sequential gate must lie between 0 and 1, not {}", name,
          alpha);
}

}  // namespace

SequentialGate::SequentialGate(const SequentialSettings& settings) : settings_(settings) {
  require(settings.range > 0 && std::isfinite(settings.range),
          "the scores of a sequential gate need a range above 0, not {}", settings.range);
  require(settings.margin >= 0 && settings.margin < settings.range,
          "the largest allowed drop of a sequential gate must be at least 0 and below {}, the "
          "largest that there can be; it is {}",
          settings.range, settings.margin);
  require_level(settings.alpha_regression, "alpha_regression");
  require_level(settings.alpha_pass, "alpha_pass");
  require(settings.largest_cluster > 0, "an image of a sequential gate needs at least one sample");
}

void SequentialGate::update(double sum_of_drops, std::size_t samples) {
  require(samples > 0 && samples <= settings_.largest_cluster,
          "an image with {} samples, where a sequential gate was told of 1 to {}", samples,
          settings_.largest_cluster);
  const double most = settings_.range * static_cast<double>(samples);
  // Sums of scores in floating point may exceed their bound in the last digits.
  require(std::abs(sum_of_drops) <= most * (1 + 1e-9),
          "the drops of an image with {} samples sum to {}; in scores of range {} they cannot "
          "exceed {}",
          samples, sum_of_drops, settings_.range, most);
  if (verdict_ != SequentialVerdict::kUndecided) return;
  const Image image = {std::clamp(sum_of_drops, -most, most), samples};
  images_.push_back(image);
  sum_of_drops_ += image.sum_of_drops;
  samples_ += samples;
  above_.update(payoff(Bet::kAbove, settings_.margin, image));
  below_.update(payoff(Bet::kBelow, settings_.margin, image));
  if (above_.value() >= 1 / settings_.alpha_regression) {
    verdict_ = SequentialVerdict::kRegression;
  } else if (below_.value() >= 1 / settings_.alpha_pass) {
    verdict_ = SequentialVerdict::kPass;
  }
}

double SequentialGate::wealth_against_pass() const {
  return above_.value();
}

double SequentialGate::wealth_against_regression() const {
  return below_.value();
}

double SequentialGate::mean_drop() const {
  return samples_ == 0 ? 0 : sum_of_drops_ / static_cast<double>(samples_);
}

Interval SequentialGate::confidence_sequence() const {
  return {end(Bet::kAbove), end(Bet::kBelow)};
}

double SequentialGate::payoff(Bet bet, double drop, const Image& image) const {
  const double excess = image.sum_of_drops - drop * static_cast<double>(image.samples);
  const auto largest = static_cast<double>(settings_.largest_cluster);
  return bet == Bet::kAbove ? excess / (largest * (settings_.range + drop))
                            : -excess / (largest * (settings_.range - drop));
}

/// Whether the bet against a true drop of `drop` ever had the wealth to reject it.
bool SequentialGate::rules_out(Bet bet, double drop) const {
  const double enough =
      1 / (bet == Bet::kAbove ? settings_.alpha_regression : settings_.alpha_pass);
  BettingWealth wealth;
  return std::any_of(images_.begin(), images_.end(), [&](const Image& image) {
    wealth.update(payoff(bet, drop, image));
    return wealth.value() >= enough;
  });
}

/// The last drop that the bet rules out, coming from the end of the range. Each payoff falls as
/// the drop bet against comes nearer, so that those ruled out reach from the end without a gap.
double SequentialGate::end(Bet bet) const {
  const double far = bet == Bet::kAbove ? -settings_.range : settings_.range;
  const bool margin_out =
      verdict_ == (bet == Bet::kAbove ? SequentialVerdict::kRegression : SequentialVerdict::kPass);
  double out = margin_out ? settings_.margin : far, in = margin_out ? -far : settings_.margin;
  while (std::abs(in - out) > std::ldexp(settings_.range, -20)) {
    const double middle = out + (in - out) / 2;
    (rules_out(bet, middle) ? out : in) = middle;
  }
  return out;
}

}  // namespace sightline
