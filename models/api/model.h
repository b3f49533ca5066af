#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/api/geometry.h"
#include "models/api/request.h"
#include "models/api/response.h"

namespace sightline {

/// What a model is and can do. `name` to `geometry` are part of a run's identity.
struct ModelInfo {
  std::string name;
  std::string revision;
  std::string precision;                      ///< "fp32", "bf16", ...; empty: not applicable
  std::map<std::string, std::string> hashes;  ///< file or part -> SHA-256 of what it answers with
  std::vector<Kind> kinds;                    ///< what it answers natively
  bool gives_masks = false;                   ///< its answers hold masks where the task wants them
  /// How it departs from what published results were made with: "image_backend" -> "torchvision".
  /// Joins the protocol of what is run with it.
  std::map<std::string, std::string> protocol;
  std::string prompt_style = "plain";
  std::optional<BoxGeometry> geometry;  ///< overrides the style's own
  std::size_t max_batch = 1;            ///< requests it takes at a time
  bool opens_images = true;             ///< false: image files are not needed at all
  bool wants_pixels = true;             ///< decoded pixels; false: paths are enough
  /// Shown, not compared: "weight_bytes", "decode_tokens_per_s", ... Read again after a run.
  std::map<std::string, double> facts;
};

/// The engine's side of a conversation with a model: where requests come from and answers go.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Requests that the model should work on at a time (`--batch_size`); 0: as it likes.
  virtual std::size_t batch() const { return 0; }
  /// Up to `most` requests, or the run's batch size if that is less. With `wait` it blocks until
  /// that many are there; fewer then means that no more come. Without, it gives what is there now.
  virtual std::vector<Request> take(std::size_t most, bool wait) = 0;
  /// Hands back requests with one response each, in any order across calls.
  virtual void give(std::vector<Request> requests, std::vector<Response> responses) = 0;
};

/// A system under test. Most models derive from `BatchModel` instead.
class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelInfo& info() const = 0;
  /// Answers everything the exchange offers. A failing request is a response with its outcome; an
  /// exception (`StopError`) ends the run, with all given so far kept.
  virtual void serve(Exchange& exchange) = 0;
};

/// A model that answers a batch at a time.
class BatchModel : public Model {
 public:
  /// One response a request, in order.
  virtual std::vector<Response> answer(std::span<const Request> requests) = 0;
  void serve(Exchange& exchange) final;
};

/// Answers of `model` to a few requests, in order.
std::vector<Response> ask(Model& model, std::vector<Request> requests);

}  // namespace sightline
