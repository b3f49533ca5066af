#include <unordered_map>
#include <unordered_set>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/json_reader.h"
#include "harness/formats/pickle.h"
#include "tasks/coco_annotations.h"
#include "tasks/declarations.h"
#include "tasks/groundings.h"
#include "tasks/referring_masks.h"

// RefCOCO, RefCOCO+ (Yu et al., ECCV 2016) and RefCOCOg (Mao et al., CVPR 2016): every sentence
// about an object is a sample.

namespace sightline {

namespace {

namespace fs = std::filesystem;

struct RefSplit {
  std::string dataset, partition, split;  // "refcoco+", "unc", "testA"
};

struct Sentence {
  std::string id, text;
};

/// One referred object, from either form of the file.
struct Ref {
  std::string id, split;
  std::int64_t image_id = 0, annotation_id = 0;
  std::vector<Sentence> sentences;
};

/// A field of a dictionary, by one of the accessors of `PickleValue`; errors name the field.
template <typename Accessor>
decltype(auto) field(const PickleValue& item, const char* name, Accessor accessor) {
  return with_context([&] { return fmt::format("reading field '{}'", name); },
                      [&]() -> decltype(auto) { return (item.at(name).*accessor)(); });
}

std::string id_field(const PickleValue& item, const char* name) {
  return std::to_string(field(item, name, &PickleValue::integer));
}

std::vector<Ref> refs_from_pickle(const fs::path& file) {
  const PickleValue document = read_pickle_file(file);
  std::vector<Ref> refs;
  const auto where = [&] {
    return fmt::format("reading {}: ref {}", file.string(), refs.size() + 1);
  };
  with_context(where, [&] {
    for (const PickleValue& item : document.list()) {
      Ref ref;
      ref.id = id_field(item, "ref_id");
      ref.split = field(item, "split", &PickleValue::text);
      ref.image_id = field(item, "image_id", &PickleValue::integer);
      ref.annotation_id = field(item, "ann_id", &PickleValue::integer);
      for (const PickleValue& sentence : field(item, "sentences", &PickleValue::list)) {
        ref.sentences.push_back(
            {id_field(sentence, "sent_id"), field(sentence, "sent", &PickleValue::text)});
      }
      refs.push_back(std::move(ref));
    }
  });
  return refs;
}

std::vector<Ref> refs_from_json(const fs::path& file) {
  std::vector<Ref> refs;
  JsonFile json(file);
  json.each_record([&](JsonRecord& record) {
    Ref ref;
    ref.id = record.id("ref_id");
    ref.split = record.text("split");
    ref.image_id = record.integer("image_id");
    ref.annotation_id = record.integer("ann_id");
    record.each_record("sentences", [&](JsonRecord& sentence) {
      ref.sentences.push_back({sentence.id("sent_id"), std::string(sentence.text("sent"))});
    });
    refs.push_back(std::move(ref));
  });
  return refs;
}

/// Which refs a split takes, as the loader of the data set has it: "testA" every ref whose split
/// contains an "A" ("testAB" too), "test" every split that contains "test".
bool in_split(const std::string& split, const std::string& wanted) {
  if (wanted == "testA" || wanted == "testB" || wanted == "testC") {
    return split.find(wanted.back()) != std::string::npos;
  }
  if (wanted == "test") return split.find("test") != std::string::npos;
  return split == wanted;
}

/// The sentences about the refs, with the boxes of their objects.
void join(const std::vector<Ref>& refs, const CocoInstances& instances, GroundingSet& set) {
  std::unordered_map<std::int64_t, const CocoObject*> objects;
  for (const CocoObject& object : instances.objects) objects[object.id] = &object;
  ClusterNumbers<std::int64_t> clusters;
  UniqueIds ref_ids, sentence_ids;
  const std::string file = set.files[0].string();
  for (const Ref& ref : refs) {
    require(ref_ids.add(ref.id), "{}: ref_id {} occurs twice", file, ref.id);
    const auto object = objects.find(ref.annotation_id);
    require(object != objects.end() && object->second->image_id == ref.image_id,
            "{}: ref_id {} is of annotation {} in image {}, which {} lacks", file, ref.id,
            ref.annotation_id, ref.image_id, set.files[1].string());
    const CocoImage& image = instances.images[find_by_id(instances.images, ref.image_id)];
    for (const Sentence& sentence : ref.sentences) {
      require(sentence_ids.add(sentence.id), "{}: sent_id {} of ref_id {} occurs twice", file,
              sentence.id, ref.id);
      set.expressions.push_back({sentence.id, ref.id, image.file_name, sentence.text,
                                 clusters.number(ref.image_id), object->second->box, image.width,
                                 image.height, ref.annotation_id});
    }
  }
  require(!set.expressions.empty(), "{}: no sentence of the split '{}'", set.files[0].string(),
          set.split);
}

/// Shapes of objects by the id of their annotation.
using Shapes = std::unordered_map<std::int64_t, Segmentation>;

/// One COCO-style file with the expression as the image's "caption" and one box for each image;
/// with `shapes`, one mask, too.
void read_coco_style(const fs::path& file, GroundingSet& set, Shapes* shapes) {
  JsonFile json(file);
  JsonRecord top = json.top();
  std::unordered_map<std::int64_t, std::size_t> places;
  ClusterNumbers<std::int64_t> clusters;
  top.each_record("images", [&](JsonRecord& record) {
    Expression expression;
    expression.image = record.text("file_name");
    expression.height = record.pixels("height");
    expression.width = record.pixels("width");
    const std::int64_t id = record.integer("id");
    expression.cluster = clusters.number(record.optional_integer("original_id").value_or(id));
    expression.text = record.text("caption");
    expression.id = std::to_string(id);
    expression.object = id;
    require(places.emplace(id, set.expressions.size()).second, "{}: image id {} occurs twice",
            record.name(), id);
    set.expressions.push_back(std::move(expression));
  });
  std::vector<bool> boxed(set.expressions.size());
  top.each_record("annotations", [&](JsonRecord& record) {
    const std::int64_t image_id = record.integer("image_id");
    const auto place = places.find(image_id);
    require(place != places.end(), "{}: image {} is not among 'images'", record.name(), image_id);
    require(!boxed[place->second], "{}: a second box for one expression", record.name());
    boxed[place->second] = true;
    set.expressions[place->second].box = record.box("bbox");
    if (shapes != nullptr) shapes->emplace(image_id, record.segmentation("segmentation"));
  });
  require(!boxed.empty(), "{}: 'images' is empty", file.string());
  for (std::size_t i = 0; i < boxed.size(); ++i) {
    require(boxed[i], "{}: image {} has no box", file.string(), set.expressions[i].id);
  }
}

/// The objects that the refs mean; with `shapes`, those of them, too.
CocoInstances read_objects(const fs::path& file, const std::vector<Ref>& refs, Shapes* shapes) {
  if (shapes == nullptr) return read_coco_instances(file);
  std::unordered_set<std::int64_t> wanted;
  for (const Ref& ref : refs) wanted.insert(ref.annotation_id);
  return read_coco_instances(
      file, {.image = {}, .category = {}, .object = [&](JsonRecord& record, const CocoObject& o) {
               if (wanted.contains(o.id))
                 shapes->emplace(o.id, record.segmentation("segmentation"));
             }});
}

std::shared_ptr<const GroundingSet> read_groundings(const RefSplit& split,
                                                    const TaskSources& sources, Shapes* shapes) {
  auto set = std::make_shared<GroundingSet>();
  set->split = split.split;
  const std::string folder = "refcoco/" + split.dataset + "/";
  set->images = sources.images.empty() ? sources.data_root / "coco/train2014" : sources.images;
  if (!sources.annotations.empty() && sources.refs.empty()) {
    set->files = {source_file(sources.annotations, sources, "")};
    read_coco_style(set->files[0], *set, shapes);
    return set;
  }
  const std::string refs_name = folder + "refs(" + split.partition + ").p";
  set->files = {source_file(sources.refs, sources, refs_name),
                source_file(sources.annotations, sources, folder + "instances.json")};
  const bool json = set->files[0].extension() == ".json";
  std::vector<Ref> refs = json ? refs_from_json(set->files[0]) : refs_from_pickle(set->files[0]);
  std::erase_if(refs, [&](const Ref& ref) { return !in_split(ref.split, split.split); });
  join(refs, read_objects(set->files[1], refs, shapes), *set);
  return set;
}

std::map<std::string, std::string> protocol_of(const RefSplit& split) {
  return {{"dataset", split.dataset}, {"partition", split.partition}, {"split", split.split}};
}

Task open_boxes(const RefSplit& split, const TaskSources& sources) {
  const auto set = read_groundings(split, sources, nullptr);
  Task task;
  task.version = "1";
  task.kind = Kind::kGround;
  task.rules = grounding_rules();
  task.protocol = protocol_of(split);
  task.dataset = grounding_dataset(set);
  task.reference = [set](std::size_t index) { return grounding_reference(*set, index); };
  task.new_scorer = [set](const std::string& rules) { return grounding_scorer(set, rules); };
  return task;
}

Task open_masks(const RefSplit& split, const TaskSources& sources) {
  Shapes shapes;
  const auto set = read_groundings(split, sources, &shapes);
  Task task = referring_mask_task(make_referred_masks(set, shapes));
  task.protocol = protocol_of(split);
  return task;
}

TaskDeclaration declare(const RefSplit& split, const std::string& name, const std::string& wanted) {
  return {.name = name,
          .summary = fmt::format("{} {} ({}): the {} of the object a sentence means", split.dataset,
                                 split.split, split.partition, wanted),
          .files = {"refcoco/" + split.dataset + "/refs(" + split.partition + ").p",
                    "refcoco/" + split.dataset + "/instances.json", "coco/train2014/"}};
}

}  // namespace

void add_refcoco_tasks(TaskTable& table) {
  const RefSplit splits[] = {{"refcoco", "unc", "val"},    {"refcoco", "unc", "testA"},
                             {"refcoco", "unc", "testB"},  {"refcoco+", "unc", "val"},
                             {"refcoco+", "unc", "testA"}, {"refcoco+", "unc", "testB"},
                             {"refcocog", "umd", "val"},   {"refcocog", "umd", "test"}};
  for (const RefSplit& split : splits) {
    TaskDeclaration task = declare(split, split.dataset + "_" + split.split, "box");
    task.metrics = {"acc@0.5", "mean_iou"};
    task.predictions = {.shape = PredictionFormat::Shape::kGroundings, .id_field = "sent_id"};
    task.open = [split](const TaskSources& sources, const auto&) {
      return open_boxes(split, sources);
    };
    table.add(std::move(task));
  }
  for (const RefSplit& split : splits) {
    TaskDeclaration task = declare(split, split.dataset + "_seg_" + split.split, "mask");
    task.metrics = referring_mask_metrics();
    task.predictions = {.shape = PredictionFormat::Shape::kGroundedMasks, .id_field = "sent_id"};
    task.open = [split](const TaskSources& sources, const auto&) {
      return open_masks(split, sources);
    };
    table.add(std::move(task));
  }
}

}  // namespace sightline
