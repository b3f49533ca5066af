#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/media/image.h"
#include "models/api/precision.h"
#include "models/api/registry.h"
#include "models/processors/image_protocol.h"
#include "models/processors/process_images.h"
#include "models/tokenizers/tokenizer.h"

namespace sightline {

/// A prompt as a network reads it: placeholders repeated, and what takes their place.
struct Prompt {
  /// Position `position` gets row `row` of the vision features instead of its token's embedding.
  struct VisionRow {
    std::size_t position = 0, row = 0;
    bool operator==(const VisionRow&) const = default;
  };
  std::vector<TokenId> ids;
  std::vector<VisionRow> vision_rows;  ///< by ascending position
  /// So many tokens at the start see each other in both directions (PaliGemma's prefix); 0: each
  /// sees only what stands before it, and prompts with a common start can share its keys and
  /// values.
  std::size_t bidirectional = 0;
};

/// What the vision tower made of the images of one request, where the network computes.
class VisionFeatures {
 public:
  virtual ~VisionFeatures() = default;
  virtual std::size_t rows() const = 0;
  virtual std::size_t bytes() const = 0;
};

/// Keys and values of one sequence.
class SequenceCache {
 public:
  virtual ~SequenceCache() = default;
  virtual std::size_t length() const = 0;  ///< tokens in it
  virtual std::size_t bytes() const = 0;
  /// A copy of its first `length` tokens.
  virtual std::unique_ptr<SequenceCache> fork(std::size_t length) const = 0;
};

/// Tokens to be appended to one sequence.
struct Step {
  SequenceCache* cache = nullptr;
  std::span<const TokenId> ids;  ///< not empty
  /// For a prompt: features for those of `vision_rows` that lie among the new tokens (positions are
  /// counted from the start of the sequence).
  const VisionFeatures* vision = nullptr;
  std::span<const Prompt::VisionRow> vision_rows = {};
  std::size_t bidirectional = 0;  ///< as in `Prompt`
  enum class Want {
    kBest,      ///< the likeliest next token
    kLogits,    ///< the logits of the next token
    kAllLogits  ///< the logits behind every one of `ids`
  };
  Want want = Want::kBest;
  bool logprob = false;  ///< kBest: with its log-probability
};

struct StepResult {
  TokenId best = 0;           ///< behind the last of `ids`; of equals the lowest
  float best_logprob = 0;     ///< its log-probability, where asked for
  std::vector<float> logits;  ///< kLogits: [vocabulary]; kAllLogits: [ids, vocabulary]
};

/// What to open and how.
struct NetworkSettings {
  std::filesystem::path path;       ///< a checkpoint's folder, or a file of weights
  std::string family;               ///< for what has no config.json with a model_type; "" otherwise
  std::filesystem::path config;     ///< instead of the folder's config.json; empty: that
  std::filesystem::path vision;     ///< the vision tower's folder, where it is apart (MiniMind-V)
  std::filesystem::path tokenizer;  ///< a file or folder, instead of the configuration's neighbour
  std::optional<Precision> precision;  ///< none: fp32 on a CPU, the checkpoint's own on a GPU
  bool double_quantise = false;        ///< kNf4: scales in 8 bits
  bool quantise_vision = true;         ///< kInt8, kNf4: the vision tower and the projector too
  std::string device = "cpu";
  ImageProtocol images;
  bool logits_softcap = true;  ///< Gemma 2: the final soft cap, which transformers 5 leaves out
  bool hash_weights = true;    ///< `NetworkInfo::hashes`; reads the files whole
  bool kernels = true;         ///< on a CPU: Sightline's own products, else libtorch's as on a GPU
  bool batch_invariant = false;  ///< on a GPU: products of one fixed shape (a CPU has it always)

  bool operator==(const NetworkSettings&) const = default;
};

struct NetworkInfo {
  std::string family;        ///< "paligemma", "llava_onevision", ...
  std::string prompt_style;  ///< the family's own
  Precision precision = Precision::kFp32;
  std::vector<TokenId> eos;       ///< any of them ends an answer
  std::size_t vocabulary = 0;     ///< logits a step
  std::size_t max_positions = 0;  ///< tokens a sequence may have; 0: not bounded
  bool takes_images = true, takes_video = false;
  std::map<std::string, std::string> hashes;    ///< file -> SHA-256
  std::map<std::string, std::string> protocol;  ///< what changes scores: image_backend, ...
  std::size_t weight_bytes = 0;                 ///< memory that all weights take
  std::size_t decoder_bytes = 0;                ///< of these what every generated token reads
  std::vector<std::string> quantised;           ///< layers whose weights are kept in 8 or 4 bits
};

/// A network that continues sequences of tokens and images. One thread at a time calls it, except
/// for `process` and `prompt`, which any may call.
class Network {
 public:
  virtual ~Network() = default;
  virtual const NetworkInfo& info() const = 0;
  virtual const Tokenizer& tokenizer() const = 0;

  /// The images of one request, in order; `video`: they are the frames of one. Throws `Error` for
  /// images that the family refuses.
  virtual ProcessedImages process(std::span<const Image* const> images,
                                  bool video = false) const = 0;
  /// The ids of `text`, in which one placeholder stands for each image (`PromptStyle::wrap`) and
  /// for a video as a whole; its ids are those of the family's placeholder for videos.
  /// Throws `Error` when placeholders and images are not equally many.
  virtual Prompt prompt(std::string_view text, std::span<const ImageLayout> images) const = 0;

  /// Vision features, one a request.
  virtual std::vector<std::shared_ptr<const VisionFeatures>> encode(
      std::span<const ProcessedImages* const> requests) = 0;
  /// An empty cache. `capacity` is how many tokens it will probably hold; it grows beyond.
  virtual std::unique_ptr<SequenceCache> new_cache(std::size_t capacity) = 0;
  /// Appends tokens to several sequences (each cache at most once) and says what comes next.
  virtual std::vector<StepResult> forward(std::span<const Step> steps) = 0;
};

/// Opens a network through `registry.network`, loading its module first. Throws `Error` naming file
/// and tensor or field for a checkpoint that cannot be used.
std::unique_ptr<Network> open_network(Registry& registry, const NetworkSettings& settings);

}  // namespace sightline
