#include "tasks/coco_annotations.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/json_reader.h"

namespace sightline {

namespace {

template <typename Item>
void sort_unique(std::vector<Item>& items, const JsonFile& json, std::string_view what) {
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.id < b.id; });
  for (std::size_t i = 1; i < items.size(); ++i) {
    require(items[i].id != items[i - 1].id, "{}: the {} id {} occurs twice", json.path().string(),
            what, items[i].id);
  }
}

std::vector<CocoImage> read_images(const JsonFile& json, JsonRecord& top,
                                   const CocoExtensions& extensions = {}) {
  std::vector<CocoImage> images;
  top.each_record("images", [&](JsonRecord& record) {
    CocoImage& image = images.emplace_back();
    image.file_name = record.optional_text("file_name").value_or("");
    image.height = record.pixels("height");
    image.width = record.pixels("width");
    image.id = record.integer("id");
    if (extensions.image) extensions.image(record, image);
  });
  sort_unique(images, json, "image");
  require(!images.empty(), "{}: 'images' is empty", json.path().string());
  return images;
}

CocoObject read_object(JsonRecord& record) {
  CocoObject object;
  object.area = record.number("area");
  if (object.area < 0) record.fail_field("area", fmt::format("is {}, want 0 or more", object.area));
  object.crowd = record.optional_integer("iscrowd").value_or(0) != 0;
  object.image_id = record.integer("image_id");
  object.box = record.box("bbox");
  object.category_id = record.integer("category_id");
  object.id = record.integer("id");
  return object;
}

void check_objects(const CocoInstances& instances, const JsonFile& json) {
  std::vector<std::int64_t> ids;
  for (const CocoObject& object : instances.objects) {
    ids.push_back(object.id);
    require(find_by_id(instances.images, object.image_id) < instances.images.size(),
            "{}: annotation {} is of image {}, which is not among 'images'", json.path().string(),
            object.id, object.image_id);
    require(find_by_id(instances.categories, object.category_id) < instances.categories.size(),
            "{}: annotation {} is of category {}, which is not among 'categories'",
            json.path().string(), object.id, object.category_id);
  }
  std::sort(ids.begin(), ids.end());
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  require(twice == ids.end(), "{}: the annotation id {} occurs twice", json.path().string(),
          twice == ids.end() ? 0 : *twice);
}

}  // namespace

CocoInstances read_coco_instances(const std::filesystem::path& file,
                                  const CocoExtensions& extensions) {
  JsonFile json(file);
  JsonRecord top = json.top();
  CocoInstances instances;
  instances.images = read_images(json, top, extensions);
  top.each_record("annotations", [&](JsonRecord& record) {
    instances.objects.push_back(read_object(record));
    if (extensions.object) extensions.object(record, instances.objects.back());
  });
  top.each_record("categories", [&](JsonRecord& record) {
    Category& category = instances.categories.emplace_back();
    category.id = record.integer("id");
    category.name = record.text("name");
    if (extensions.category) extensions.category(record, category);
  });
  sort_unique(instances.categories, json, "category");
  check_objects(instances, json);
  return instances;
}

CocoCaptions read_coco_captions(const std::filesystem::path& file) {
  JsonFile json(file);
  JsonRecord top = json.top();
  CocoCaptions captions;
  captions.images = read_images(json, top);
  top.each_record("annotations", [&](JsonRecord& record) {
    CocoCaption& caption = captions.captions.emplace_back();
    caption.image_id = record.integer("image_id");
    caption.caption = record.text("caption");
    require(find_by_id(captions.images, caption.image_id) < captions.images.size(),
            "{}: image {} is not among 'images'", record.name(), caption.image_id);
  });
  return captions;
}

}  // namespace sightline
