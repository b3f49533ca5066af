#include "models/api/predictions.h"

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/base/json_reader.h"
#include "harness/media/image_files.h"

namespace sightline {

namespace fs = std::filesystem;
using Shape = PredictionFormat::Shape;

namespace {

/// Adds rows to `Predictions`; ids that repeat row after row are looked up once.
class Collector {
 public:
  explicit Collector(Predictions& target) : target_(target) {}

  /// The answer of `id`, made when it is new (`*is_new`).
  Answer& at(const std::string& id, bool* is_new = nullptr) {
    if (!target_.ids.empty() && last_ < target_.ids.size() && target_.ids[last_] == id) {
      if (is_new != nullptr) *is_new = false;
      return target_.answers[last_];
    }
    const auto [found, inserted] = target_.index.try_emplace(id, target_.ids.size());
    if (inserted) {
      target_.ids.push_back(id);
      target_.answers.emplace_back();
    }
    if (is_new != nullptr) *is_new = inserted;
    last_ = found->second;
    return target_.answers[last_];
  }

 private:
  Predictions& target_;
  std::size_t last_ = 0;
};

void require_new(bool is_new, const JsonRecord& record, std::string_view field,
                 const std::string& id) {
  require(is_new, "{}: a second prediction for {} {}, want one", record.name(), field, id);
}

void read_text(JsonRecord& record, const PredictionFormat& format, Collector& collect) {
  bool is_new = false;
  const std::string id = record.id(format.id_field);
  Answer& answer = collect.at(id, &is_new);
  require_new(is_new, record, format.id_field, id);
  answer.text = record.text(format.text_field);
}

void read_detection(JsonRecord& record, Collector& collect) {
  PredictedBox& box = collect.at(record.id("image_id")).boxes.emplace_back();
  box.category_id = record.integer("category_id");
  box.box = record.box("bbox");
  box.score = record.optional_number("score");
}

void read_mask(JsonRecord& record, Collector& collect) {
  PredictedMask& mask = collect.at(record.id("image_id")).masks.emplace_back();
  mask.category_id = record.integer("category_id");
  mask.segmentation = record.segmentation("segmentation");
  mask.score = record.optional_number("score");
}

/// The answer to a row of a sentence or of a referred object.
Answer& grounded_answer(JsonRecord& record, Collector& collect) {
  const std::optional<std::string> sentence = record.optional_id("sent_id");
  const std::optional<std::string> ref = record.optional_id("ref_id");
  if (!sentence && !ref)
    record.fail_field("sent_id", "is missing, and so is 'ref_id'; want either");
  bool is_new = false;
  const std::string id = sentence ? *sentence : "ref:" + *ref;
  Answer& answer = collect.at(id, &is_new);
  require_new(is_new, record, sentence ? "sent_id" : "ref_id", sentence ? *sentence : *ref);
  return answer;
}

void read_grounding(JsonRecord& record, Collector& collect) {
  Answer& answer = grounded_answer(record, collect);
  answer.boxes.push_back({.box = record.box("bbox"), .label = {}, .score = {}});
}

void read_grounded_mask(JsonRecord& record, Collector& collect) {
  Answer& answer = grounded_answer(record, collect);
  answer.masks.push_back({.segmentation = record.segmentation("segmentation"), .score = {}});
}

void read_row(JsonRecord& record, const PredictionFormat& format, Collector& collect) {
  switch (format.shape) {
    case Shape::kTexts:
      return read_text(record, format, collect);
    case Shape::kDetections:
      return read_detection(record, collect);
    case Shape::kGroundings:
      return read_grounding(record, collect);
    case Shape::kMasks:
      return read_mask(record, collect);
    case Shape::kGroundedMasks:
      return read_grounded_mask(record, collect);
    case Shape::kReconstructions:
      break;
  }
  fail("{}: predictions of a reconstruction task are a folder of images, not a file",
       record.name());
}

/// bits.json: {"name.png": bits}, with or without the extension.
void read_bits(const fs::path& file, Predictions& predictions) {
  std::unordered_map<std::string, std::int64_t> bits;
  JsonFile json(file);
  JsonRecord top = json.top();
  top.each_integer([&](std::string_view name, std::int64_t value) {
    if (value < 0) top.fail_field(name, fmt::format("is {}, want a number of bits", value));
    require(bits.emplace(name, value).second, "{}: field '{}' occurs twice", top.name(), name);
  });
  for (std::size_t i = 0; i < predictions.ids.size(); ++i) {
    const std::string name = predictions.files[i].filename().string();
    auto found = bits.find(name);
    if (found == bits.end()) found = bits.find(predictions.ids[i]);
    if (found == bits.end()) top.fail_field(name, "is missing, want the bits of that image");
    predictions.answers[i].reconstruction.bits = found->second;
  }
}

Predictions read_folder(const fs::path& folder) {
  Predictions predictions;
  predictions.files = list_images(folder);
  Collector collect(predictions);
  std::string listing;
  for (const fs::path& file : predictions.files) {
    collect.at(file.stem().string());
    listing += fmt::format("{} {}\n", fs::relative(file, folder).string(), fs::file_size(file));
  }
  if (fs::exists(folder / "bits.json")) read_bits(folder / "bits.json", predictions);
  predictions.sha256 = sha256_hex(listing);
  return predictions;
}

}  // namespace

Predictions read_predictions(const fs::path& path, const PredictionFormat& format) {
  if (format.shape == Shape::kReconstructions) return read_folder(path);
  require(!fs::is_directory(path), "{} is a folder, want a file of predictions", path.string());
  Predictions predictions;
  Collector collect(predictions);
  JsonFile file(path);
  file.each_record([&](JsonRecord& record) { read_row(record, format, collect); });
  return predictions;
}

}  // namespace sightline
