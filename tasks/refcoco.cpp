#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/json_reader.h"
#include "tasks/coco_annotations.h"
#include "tasks/declarations.h"
#include "tasks/groundings.h"
#include "tasks/pickle.h"

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

/// The sentences of a split, with the boxes of their objects.
void join(const std::vector<Ref>& refs, const CocoInstances& instances, GroundingSet& set) {
  std::unordered_map<std::int64_t, const CocoObject*> objects;
  for (const CocoObject& object : instances.objects) objects[object.id] = &object;
  ClusterNumbers<std::int64_t> clusters;
  UniqueIds ref_ids, sentence_ids;
  const std::string file = set.files[0].string();
  for (const Ref& ref : refs) {
    if (!in_split(ref.split, set.split)) continue;
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
                                 image.height});
    }
  }
  require(!set.expressions.empty(), "{}: no sentence of the split '{}'", set.files[0].string(),
          set.split);
}

/// One COCO-style file with the expression as the image's "caption" and one box for each image.
void read_coco_style(const fs::path& file, GroundingSet& set) {
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
  });
  require(!boxed.empty(), "{}: 'images' is empty", file.string());
  for (std::size_t i = 0; i < boxed.size(); ++i) {
    require(boxed[i], "{}: image {} has no box", file.string(), set.expressions[i].id);
  }
}

Task open(const RefSplit& split, const TaskSources& sources) {
  auto set = std::make_shared<GroundingSet>();
  set->split = split.split;
  const std::string folder = "refcoco/" + split.dataset + "/";
  set->images = sources.images.empty() ? sources.data_root / "coco/train2014" : sources.images;
  if (!sources.annotations.empty() && sources.refs.empty()) {
    set->files = {source_file(sources.annotations, sources, "")};
    read_coco_style(set->files[0], *set);
  } else {
    const std::string refs = folder + "refs(" + split.partition + ").p";
    set->files = {source_file(sources.refs, sources, refs),
                  source_file(sources.annotations, sources, folder + "instances.json")};
    const bool json = set->files[0].extension() == ".json";
    join(json ? refs_from_json(set->files[0]) : refs_from_pickle(set->files[0]),
         read_coco_instances(set->files[1]), *set);
  }
  Task task;
  task.version = "1";
  task.kind = Kind::kGround;
  task.rules = grounding_rules();
  task.protocol = {
      {"dataset", split.dataset}, {"partition", split.partition}, {"split", split.split}};
  task.dataset = grounding_dataset(set);
  task.new_scorer = [set](const std::string& rules) { return grounding_scorer(set, rules); };
  return task;
}

}  // namespace

void add_refcoco_tasks(TaskTable& table) {
  const RefSplit splits[] = {{"refcoco", "unc", "val"},    {"refcoco", "unc", "testA"},
                             {"refcoco", "unc", "testB"},  {"refcoco+", "unc", "val"},
                             {"refcoco+", "unc", "testA"}, {"refcoco+", "unc", "testB"},
                             {"refcocog", "umd", "val"},   {"refcocog", "umd", "test"}};
  for (const RefSplit& split : splits) {
    TaskDeclaration task{
        .name = split.dataset + "_" + split.split,
        .summary = fmt::format("{} {} ({}): the box of the object a sentence means", split.dataset,
                               split.split, split.partition),
        .files = {"refcoco/" + split.dataset + "/refs(" + split.partition + ").p",
                  "refcoco/" + split.dataset + "/instances.json", "coco/train2014/"},
        .metrics = {"acc@0.5", "mean_iou"}};
    task.predictions = {.shape = PredictionFormat::Shape::kGroundings, .id_field = "sent_id"};
    task.open = [split](const TaskSources& sources, const auto&) { return open(split, sources); };
    table.add(std::move(task));
  }
}

}  // namespace sightline
