#include "harness/demo/suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "harness/demo/coco_files.h"
#include "harness/demo/draw_scene.h"
#include "harness/demo/pickle.h"
#include "harness/demo/question_files.h"
#include "harness/demo/text_scenes.h"
#include "harness/demo/textures.h"
#include "harness/media/encode.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using namespace demo;

constexpr const char* kMarker = "sightline_demo.json";
constexpr int kSuiteVersion = 1;  // goes up with every change of the bytes
constexpr int kJpegQuality = 90;

/// Independent streams of the suite's seed.
enum Stream : std::uint64_t { kScenes = 1, kTraining, kTexts, kTextures, kWords };

std::uint64_t seed_of(const DemoOptions& options, Stream stream) {
  return mix_bits(options.seed + stream * 0x9E3779B97F4A7C15ULL);
}

std::string to_text(const Json& json) {
  return json.dump() + "\n";
}

std::string marker_text(const DemoOptions& options) {
  const Json marker = {{"about", "Sample suite drawn by Sightline; the folder may be deleted."},
                       {"suite_version", kSuiteVersion},
                       {"seed", options.seed},
                       {"scenes", options.scenes},
                       {"text_images", options.text_images},
                       {"textures", options.textures}};
  return marker.dump(2) + "\n";
}

/// Makes `root` ours, or says why it cannot be.
void claim(const fs::path& root, const DemoOptions& options) {
  const std::string marker = marker_text(options);
  if (fs::exists(root)) {
    require(fs::is_directory(root), "{} is a file: name a folder for the sample suite",
            root.string());
    if (fs::exists(root / kMarker)) {
      require(
          read_file(root / kMarker) == marker,
          "{} holds a sample suite of another size, seed or version: delete it, or name another "
          "folder",
          root.string());
    } else {
      require(fs::is_empty(root),
              "{} is not empty and holds no sample suite: name a new or an empty folder",
              root.string());
    }
  }
  fs::create_directories(root);
  write_file_atomically(root / kMarker, marker);
}

/// Writes files below the root and keeps count. Callable from several threads.
class SuiteFolder {
 public:
  explicit SuiteFolder(fs::path root) : root_(std::move(root)) {}

  /// Makes the folders that pictures go into.
  void make_folders(const std::vector<std::string>& folders) const {
    for (const std::string& folder : folders) fs::create_directories(root_ / folder);
  }

  void write(const std::string& name, std::string_view content) {
    write_file_atomically(root_ / name, content);
    const std::lock_guard lock(mutex_);
    ++files_;
    bytes_ += content.size();
  }

  /// The picture under all of `names`: one file with hard links, or copies where the file system
  /// has no links.
  void write_linked(const std::vector<std::string>& names, std::string_view content) {
    write(names.front(), content);
    for (std::size_t i = 1; i < names.size(); ++i) {
      std::error_code problem;
      fs::remove(root_ / names[i], problem);
      fs::create_hard_link(root_ / names.front(), root_ / names[i], problem);
      if (problem) {
        write(names[i], content);
      } else {
        const std::lock_guard lock(mutex_);
        ++files_;
      }
    }
  }

  std::size_t files() const { return files_; }
  std::uintmax_t bytes() const { return bytes_; }

 private:
  fs::path root_;
  std::mutex mutex_;
  std::size_t files_ = 0;
  std::uintmax_t bytes_ = 0;
};

void write_scene(SuiteFolder& folder, const Scene& scene, const DocciExample& example,
                 const OpenPainter& open_painter) {
  const Image image = draw_scene(scene, open_painter);
  std::vector<std::string> names = {"coco/val2014/" + coco_file_name("COCO_val2014_", scene.id),
                                    "coco/val2017/" + coco_file_name("", scene.id),
                                    "coco/train2014/" + coco_file_name("COCO_train2014_", scene.id),
                                    "vqav2/val2014/" + coco_file_name("COCO_val2014_", scene.id)};
  const std::string docci = "docci/images/" + example.image_file;
  if (docci.ends_with(".png")) {
    folder.write(docci, encode_png(image));
  } else {
    names.push_back(docci);
  }
  folder.write_linked(names, encode_jpeg(image, kJpegQuality));
}

TextExample write_text_image(SuiteFolder& folder, std::size_t index, std::uint64_t seed,
                             const OpenPainter& open_painter) {
  Rng rng(seed, index);
  TextExample example{.image_id = fmt::format("{:016x}", rng.next())};
  example.scene = draw_text_scene(index, rng, open_painter);
  const Image image = std::exchange(example.scene.image, {});
  example.width = image.width;
  example.height = image.height;
  folder.write("textvqa/train_images/" + example.image_id + ".jpg",
               encode_jpeg(image, kJpegQuality));
  return example;
}

/// Two textures, then a scene, and so on.
void write_texture(SuiteFolder& folder, std::size_t index, std::uint64_t seed,
                   const OpenPainter& open_painter) {
  Rng rng(seed, index);
  Image image;
  if (index % 3 == 2) {
    Scene scene;
    do {
      scene = make_scene(0, rng.pick(all_settings()).setting, Rng(rng.next()));
    } while (scene.width == scene.height);
    image = draw_scene(scene, open_painter);
  } else {
    image = draw_texture(index - index / 3, rng);
  }
  folder.write(fmt::format("imagenet/val/ILSVRC2012_val_{:08}.JPEG", index + 1),
               encode_jpeg(image, 95));
}

/// Draws and writes every picture, in parallel; returns what the texts need of the written ones.
std::vector<TextExample> write_pictures(SuiteFolder& folder, std::span<const Scene> scenes,
                                        const std::vector<DocciExample>& docci,
                                        const OpenPainter& open_painter,
                                        const DemoOptions& options) {
  folder.make_folders({"coco/val2014", "coco/val2017", "coco/train2014", "vqav2/val2014",
                       "docci/images", "textvqa/train_images", "imagenet/val"});
  std::vector<TextExample> texts(options.text_images);
  const std::size_t all = scenes.size() + texts.size() + options.textures;
  parallel_for(all, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (i < scenes.size()) {
        write_scene(folder, scenes[i], docci[i], open_painter);
      } else if (const std::size_t text = i - scenes.size(); text < texts.size()) {
        texts[text] = write_text_image(folder, text, seed_of(options, kTexts), open_painter);
      } else {
        write_texture(folder, text - texts.size(), seed_of(options, kTextures), open_painter);
      }
    }
  });
  return texts;
}

void write_questions(SuiteFolder& folder, std::span<const Scene> scenes,
                     std::span<const TextExample> texts, const DemoOptions& options,
                     DemoSummary& summary) {
  const std::uint64_t words = seed_of(options, kWords);
  const Json questions = vqa_file(scenes, VqaPart::kQuestions, "val2014", words);
  folder.write("vqav2/v2_OpenEnded_mscoco_val2014_questions.json", to_text(questions));
  folder.write("vqav2/v2_mscoco_val2014_annotations.json",
               to_text(vqa_file(scenes, VqaPart::kAnnotations, "val2014", words)));
  const std::vector<Scene> others = make_scenes(3 * options.scenes, seed_of(options, kTraining));
  folder.write("vqav2/v2_OpenEnded_mscoco_train2014_questions.json",
               to_text(vqa_file(others, VqaPart::kQuestions, "train2014", words)));
  folder.write("vqav2/v2_mscoco_train2014_annotations.json",
               to_text(vqa_file(others, VqaPart::kAnnotations, "train2014", words)));
  const Json text_questions = textvqa_file(texts, words);
  folder.write("textvqa/TextVQA_0.5.1_val.json", to_text(text_questions));
  folder.write("textvqa/TextVQA_Rosetta_OCR_v0.2_val.json", to_text(ocr_file(texts, words)));
  summary.samples.emplace_back("vqav2_val", questions["questions"].size());
  summary.samples.emplace_back("textvqa_val", text_questions["data"].size());
}

void write_refs(SuiteFolder& folder, std::span<const Scene> scenes, const DemoOptions& options,
                DemoSummary& summary) {
  struct Collection {
    std::string name, file;
    Wording wording;
    std::vector<std::string> splits;
  };
  const std::vector<std::string> unc = {"val", "testA", "testB", "train"};
  const std::vector<Collection> collections = {
      {"refcoco", "refs(unc).p", Wording::kShort, unc},
      {"refcoco+", "refs(unc).p", Wording::kAppearance, unc},
      {"refcocog", "refs(umd).p", Wording::kSentence, {"val", "test", "train"}}};
  const std::string instances = to_text(instances_file(scenes, "COCO_train2014_"));
  for (const Collection& collection : collections) {
    const Json refs =
        refs_file(scenes, collection.wording, collection.splits, seed_of(options, kWords));
    const std::string place = "refcoco/" + collection.name + "/";
    folder.make_folders({place});
    folder.write(place + collection.file, to_pickle(refs));
    folder.write(place + "instances.json", instances);
    std::map<std::string, std::size_t> sentences;
    for (const Json& ref : refs) {
      sentences[ref["split"].get<std::string>()] += ref["sentences"].size();
    }
    for (const std::string& split : collection.splits) {
      if (split != "train") {
        summary.samples.emplace_back(collection.name + "_" + split, sentences[split]);
      }
    }
  }
}

void write_coco(SuiteFolder& folder, std::span<const Scene> scenes,
                const std::vector<DocciExample>& docci, const DemoOptions& options,
                DemoSummary& summary) {
  const std::uint64_t words = seed_of(options, kWords);
  folder.make_folders({"coco/annotations"});
  folder.write("coco/annotations/instances_val2017.json", to_text(instances_file(scenes, "")));
  folder.write("coco/annotations/captions_val2014.json", to_text(captions_file(scenes, words)));
  folder.write("docci/docci_descriptions.jsonlines", docci_file(docci, words));
  summary.samples.emplace_back("coco_det_val2017", scenes.size());
  summary.samples.emplace_back("coco_captions_val", scenes.size());
  for (const std::string split : {"test", "qual_test", "qual_dev"}) {
    const auto count = std::ranges::count(docci, split, &DocciExample::split);
    summary.samples.emplace_back("docci_" + split, static_cast<std::size_t>(count));
  }
}

}  // namespace

DemoSummary make_demo_suite(const fs::path& root, const OpenPainter& open_painter,
                            const DemoOptions& options) {
  claim(root, options);
  SuiteFolder folder(root);
  const std::vector<Scene> scenes = make_scenes(options.scenes, seed_of(options, kScenes));
  const std::vector<DocciExample> docci = docci_examples(scenes);
  const std::vector<TextExample> texts =
      write_pictures(folder, scenes, docci, open_painter, options);
  DemoSummary summary;
  write_questions(folder, scenes, texts, options, summary);
  write_coco(folder, scenes, docci, options, summary);
  write_refs(folder, scenes, options, summary);
  summary.samples.emplace_back("imagenet_recon_val", options.textures);
  summary.images = options.scenes + options.text_images + options.textures;
  summary.files = folder.files();
  summary.bytes = folder.bytes();
  return summary;
}

}  // namespace sightline
