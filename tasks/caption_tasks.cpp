#include "harness/base/error.h"
#include "harness/base/json_reader.h"
#include "tasks/captions.h"
#include "tasks/coco_annotations.h"
#include "tasks/declarations.h"

// COCO captions (Chen et al., 2015) and DOCCI (Onoe et al., ECCV 2024).

namespace sightline {

namespace {

namespace fs = std::filesystem;

constexpr const char* kCoco2014 = "coco/annotations/captions_val2014.json";
constexpr const char* kCoco2017 = "coco/annotations/captions_val2017.json";
constexpr const char* kDocci = "docci/docci_descriptions.jsonlines";
constexpr const char* kDocciImages = "docci/images";

Task open_coco(const TaskSources& sources, const TaskDeclaration::Options& options) {
  const std::string year = options.at("year");
  auto set = std::make_shared<CaptionSet>();
  set->files = {source_file(sources.annotations, sources, year == "2014" ? kCoco2014 : kCoco2017)};
  set->images = sources.images.empty() ? sources.data_root / ("coco/val" + year) : sources.images;
  CocoCaptions captions = read_coco_captions(set->files[0]);
  for (const CocoImage& image : captions.images) {
    set->items.push_back({std::to_string(image.id), image.file_name, {}});
  }
  for (CocoCaption& caption : captions.captions) {
    const std::size_t item = find_by_id(captions.images, caption.image_id);
    set->items[item].references.push_back(std::move(caption.caption));
  }
  for (const CaptionItem& item : set->items) {
    require(!item.references.empty(), "{}: image {} has no caption", set->files[0].string(),
            item.id);
  }
  return caption_task(std::move(set), "val" + year);
}

Task open_docci(const TaskSources& sources, const std::string& split) {
  auto set = std::make_shared<CaptionSet>();
  set->detailed = true;
  set->files = {source_file(sources.annotations, sources, kDocci)};
  set->images = sources.images.empty() ? sources.data_root / kDocciImages : sources.images;
  UniqueIds ids;
  JsonFile json(set->files[0]);
  json.each_record([&](JsonRecord& record) {
    CaptionItem item;
    item.id = record.text("example_id");
    ids.add(item.id, record, "example_id");
    if (record.text("split") != split) return;
    item.image = record.text("image_file");
    item.references.emplace_back(record.text("description"));
    set->items.push_back(std::move(item));
  });
  require(!set->items.empty(), "{}: no record of the split '{}'", set->files[0].string(), split);
  return caption_task(std::move(set), split);
}

TaskDeclaration declare_docci(const std::string& split, const std::string& summary) {
  TaskDeclaration task{
      .name = "docci_" + split,
      .summary = summary,
      .files = {kDocci, std::string(kDocciImages) + "/"},
      .metrics = {"chars", "sentences", "nes", "nes_judged", "bleu4", "rouge_l", "cider"}};
  task.predictions = {.id_field = "example_id", .text_field = "caption"};
  task.open = [split](const TaskSources& sources, const auto&) {
    return open_docci(sources, split);
  };
  return task;
}

}  // namespace

void add_caption_tasks(TaskTable& table) {
  TaskDeclaration coco{
      .name = "coco_captions_val",
      .summary = "COCO captions: one sentence an image, five references",
      .files = {std::string(kCoco2014) + " (or 2017's)", "coco/val2014/"},
      .metrics = {"bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider", "meteor", "spice"}};
  coco.options = {{"year", "2014", "which validation set", {"2014", "2017"}}};
  coco.predictions = {.id_field = "image_id", .text_field = "caption"};
  coco.open = open_coco;
  table.add(std::move(coco));
  table.add(declare_docci("test", "DOCCI test: detailed captions of 5,000 images"));
  table.add(declare_docci("qual_test", "DOCCI qualification test: 100 images"));
  table.add(
      declare_docci("qual_dev", "DOCCI qualification dev: 100 images, those of published NES"));
}

}  // namespace sightline
