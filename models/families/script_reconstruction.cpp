#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "models/families/script_models.h"
#include "models/torch/tensors.h"

namespace sightline {

namespace {

constexpr const char* kBitsAttribute = "bits_per_image";

/// How 8-bit samples and the module's floats belong together.
struct Range {
  double scale = 255, shift = 0;  ///< sample = (value + shift) * scale

  float value(int sample) const { return static_cast<float>(sample / scale - shift); }
  std::uint8_t sample(float value) const {
    const double exact = (double{value} + shift) * scale;
    return static_cast<std::uint8_t>(std::nearbyint(std::clamp(exact, 0.0, 255.0)));
  }
};

Range take_range(ModelArgs& args) {
  const std::string name = args.get("range", "unit");
  if (name == "unit") return {};
  if (name == "symmetric") return {.scale = 127.5, .shift = 1};
  throw UsageError(fmt::format(
      "--model_args range={}: want unit (samples from 0 to 1) or symmetric (from -1 to 1)", name));
}

const Image& image_of(const Request& request) {
  require(request.images.size() == 1 && request.images[0].pixels != nullptr,
          "sample {} comes without its prepared pixels", request.id);
  return *request.images[0].pixels;
}

/// [requests, 3, height, width]; all images are of one size.
at::Tensor to_planes(std::span<const Request> requests, const Range& range) {
  std::array<float, 256> values{};
  for (int i = 0; i < 256; ++i) values[static_cast<std::size_t>(i)] = range.value(i);
  const Image& first = image_of(requests[0]);
  at::Tensor planes =
      at::empty({static_cast<std::int64_t>(requests.size()), 3, first.height, first.width});
  float* to = planes.data_ptr<float>();
  for (const Request& request : requests) {
    const std::vector<std::uint8_t>& pixels = image_of(request).pixels;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      for (std::size_t i = channel; i < pixels.size(); i += 3) *to++ = values[pixels[i]];
    }
  }
  return planes;
}

/// @param planes  [3, height, width] float32
Image to_image(const at::Tensor& planes, const Range& range) {
  Image image = black_image(static_cast<int>(planes.size(2)), static_cast<int>(planes.size(1)));
  const at::Tensor rows = planes.contiguous();
  const float* from = rows.data_ptr<float>();
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t i = channel; i < image.pixels.size(); i += 3) {
      require(!std::isnan(*from), "the module's result holds NaN");
      image.pixels[i] = range.sample(*from++);
    }
  }
  return image;
}

/// The same before it was rounded, [3, height, width] in [-1, 1] where it is in range.
std::vector<float> to_samples(const at::Tensor& planes, const Range& range) {
  const at::Tensor rows = planes.contiguous();
  const float* from = rows.data_ptr<float>();
  std::vector<float> samples(from, from + rows.numel());
  if (range.shift == 0) {
    for (float& sample : samples) sample = 2 * sample - 1;
  }
  return samples;
}

std::int64_t whole_bits(double bits) {
  require(std::isfinite(bits) && bits >= 0 && bits < 1e15, "the module gives {} bits for an image",
          bits);
  return std::llround(bits);
}

class ScriptReconstruction final : public BatchModel {
 public:
  ScriptReconstruction(ScriptModule module, ModelInfo info, Range range, std::size_t batch)
      : module_(std::move(module)), info_(std::move(info)), range_(range), batch_(batch) {
    if (const auto bits = module_.number(kBitsAttribute)) bits_ = whole_bits(*bits);
  }

  const ModelInfo& info() const override { return info_; }

  std::vector<Response> answer(std::span<const Request> requests) override {
    std::vector<Response> responses(requests.size());
    for_each_part(requests.size(), batch_, module_.device(),
                  [&](std::size_t begin, std::size_t end) {
                    while (begin < end) {
                      const std::size_t next = end_of_size(requests, begin, end);
                      reconstruct(requests.subspan(begin, next - begin),
                                  std::span(responses).subspan(begin, next - begin));
                      begin = next;
                    }
                  });
    return responses;
  }

 private:
  /// The first request behind `begin` whose image has another size than that one's.
  static std::size_t end_of_size(std::span<const Request> requests, std::size_t begin,
                                 std::size_t end) {
    const Image& first = image_of(requests[begin]);
    std::size_t next = begin + 1;
    while (next < end && image_of(requests[next]).width == first.width &&
           image_of(requests[next]).height == first.height) {
      ++next;
    }
    return next;
  }

  /// Requests that fail together are tried alone.
  void reconstruct(std::span<const Request> requests, std::span<Response> responses) const {
    try {
      run(requests, responses);
      return;
    } catch (const Error& error) {
      responses[0] = failed_response(Outcome::kModelError, error.what());
    } catch (const std::bad_alloc&) {
      responses[0] = failed_response(Outcome::kOom, "no memory for the module");
    }
    if (requests.size() == 1) return;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      reconstruct(requests.subspan(i, 1), responses.subspan(i, 1));
    }
  }

  void run(std::span<const Request> requests, std::span<Response> responses) const {
    const at::Tensor planes = to_planes(requests, range_);
    const std::vector<at::Tensor> results = module_({planes});
    require(!results.empty() && results[0].sizes() == planes.sizes() &&
                results[0].scalar_type() == at::kFloat,
            "the module makes {} of {}, want a tensor of floats of the same shape",
            results.empty() ? "nothing" : shape_text(results[0].sizes().vec()),
            shape_text(planes.sizes().vec()));
    for (std::size_t i = 0; i < requests.size(); ++i) {
      Reconstruction made;
      const at::Tensor result = results[0].select(0, static_cast<std::int64_t>(i));
      made.image = std::make_shared<const Image>(to_image(result, range_));
      made.samples = std::make_shared<const std::vector<float>>(to_samples(result, range_));
      made.bits = results.size() > 1 ? bits_of(results[1], i, requests.size()) : bits_;
      responses[i] = {};
      responses[i].answer.emplace().reconstruction = std::move(made);
    }
  }

  /// Bits of image `i` of a batch: one number for each image, or one for all.
  static std::int64_t bits_of(const at::Tensor& bits, std::size_t i, std::size_t batch) {
    const auto count = static_cast<std::size_t>(bits.numel());
    require(count == 1 || count == batch, "the module gives {} numbers of bits for {} images",
            count, batch);
    const at::Tensor numbers = bits.to(at::kDouble).flatten();
    return whole_bits(numbers[static_cast<std::int64_t>(count == 1 ? 0 : i)].item<double>());
  }

  ScriptModule module_;
  ModelInfo info_;
  Range range_;
  std::size_t batch_;
  std::optional<std::int64_t> bits_;
};

}  // namespace

int take_whole(ModelArgs& args, const std::string& name, int fallback, int least, int most) {
  const double number = args.get_number(name, fallback);
  if (!(number >= least && number <= most) || number != std::floor(number)) {
    throw UsageError(fmt::format("--model_args {}={}: want a whole number from {} to {}", name,
                                 args.get(name), least, most));
  }
  return static_cast<int>(number);
}

std::unique_ptr<Model> make_script_reconstruction(ScriptModule module, ModelInfo info,
                                                  ModelSettings& settings) {
  const Range range = take_range(settings.args);
  const auto batch = static_cast<std::size_t>(take_whole(settings.args, "batch", 1, 1, 4096));
  settings.args.check_all_used("torchscript with kind=reconstruct");
  info.wants_pixels = true;
  info.max_batch = module.device().is_cpu() ? batch * 2 * thread_count() : batch;
  return std::make_unique<ScriptReconstruction>(std::move(module), std::move(info), range, batch);
}

}  // namespace sightline
