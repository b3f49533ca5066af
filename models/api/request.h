#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/media/image.h"

namespace sightline {

/// What a request asks for, and so what an answer holds.
enum class Kind { kText, kDetect, kGround, kReconstruct };
std::string_view name_of(Kind kind);  ///< "text", "detect", "ground", "reconstruct"
Kind parse_kind(std::string_view name);

/// What a text request is about: a prompt style words each differently.
enum class Purpose {
  kShortAnswer,      ///< a question with an answer of a word or two (VQA)
  kCaption,          ///< one sentence about the image
  kDetailedCaption,  ///< a paragraph about the image
  kFree,             ///< the user's own text, passed on as it is
};

/// One image of a request. Video is a list of these, in time order.
struct ImageInput {
  std::filesystem::path path;           ///< the file as the data set has it
  std::shared_ptr<const Image> pixels;  ///< decoded; null unless the model asks for pixels
  int width = 0;                        ///< size in pixels as stored (no EXIF rotation); 0: unknown
  int height = 0;
};

/// An object category a detector may name.
struct Category {
  std::int64_t id = 0;  ///< the data set's own id
  std::string name;
};

/// How text is decoded. Greedy unless a temperature is given.
struct Decoding {
  int max_new_tokens = 16;
  double temperature = 0;  ///< 0: greedy
  std::uint64_t seed = 0;
  std::vector<std::string> stop;
  bool with_generation = false;              ///< the response is to hold ids and log-probabilities
  std::map<std::string, std::string> extra;  ///< further `--gen_kwargs`, by name
};

/// One question to a model. It never holds the reference answer.
struct Request {
  std::size_t ticket = 0;  ///< the sample's index in its data set; comes back with the response
  std::string id;          ///< the sample's id, stable across runs and machines
  std::string group_id;    ///< a second id under which one prediction stands for several samples
  Kind kind = Kind::kText;
  Purpose purpose = Purpose::kShortAnswer;
  std::vector<ImageInput> images;
  std::string text;    ///< kText: the question (empty for captions); kGround: the expression
  std::string prompt;  ///< the words for a text model, made of the above by the prompt style
  std::vector<std::string> ocr_tokens;  ///< words read in the image, where the protocol gives them
  std::shared_ptr<const std::vector<Category>> categories;  ///< kDetect: what to look for
  Decoding decoding;
};

}  // namespace sightline
