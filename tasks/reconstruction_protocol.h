#pragma once

#include <string>

#include "harness/media/image.h"
#include "models/api/image_networks.h"
#include "models/api/response.h"
#include "tasks/task.h"

namespace sightline {

/// How the pixels of a pair become the 8-bit values that are compared.
enum class Rounding {
  kNone,             ///< "none": the bytes as they are
  kTruncate,         ///< "truncate": both through [-1, 1] and truncation, as FlowMo's evaluation
  kTruncateOriginal  ///< "truncate_original": the reconstruction's bytes were truncated before
};

/// What a number of the reconstruction task means.
struct ReconstructionProtocol {
  std::string name;  ///< "pytorch-fid", "flowmo", "adm"
  std::string crop;  ///< "resize_center", "adm", "center", "none"
  int size = 256;    ///< of the square, in pixels
  Rounding rounding = Rounding::kNone;
  InceptionInput input = InceptionInput::kPytorchFid;

  /// Whether PSNR and SSIM are computed as FlowMo's evaluation does.
  bool is_flowmo() const { return name == "flowmo"; }
};

/// Reads the options of the task. Throws `UsageError` for a size that is none.
ReconstructionProtocol reconstruction_protocol(const TaskDeclaration::Options& options);

/// The options of the task, and what each protocol sets them to.
std::vector<TaskOption> reconstruction_options();
std::map<std::string, TaskDeclaration::Options> reconstruction_protocols();

/// The pixels that a model gets for a stored image, and that its answer is compared with. Images
/// smaller than the square are scaled up by "resize_center" and "adm", as the published code does;
/// for "center", which scales nothing, they are an `Error`.
Image crop_by(const ReconstructionProtocol& protocol, Image stored);

struct ComparedPair {
  Image reconstruction, original;
};
/// A pair as PSNR and SSIM see it; `made.image` is of the size of `original`.
ComparedPair round_by(const ReconstructionProtocol& protocol, const Reconstruction& made,
                      const Image& original);

}  // namespace sightline
