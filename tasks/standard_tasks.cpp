#include "tasks/declarations.h"

namespace sightline {

TaskTable standard_tasks() {
  TaskTable table;
  add_vqav2_tasks(table);
  add_textvqa_tasks(table);
  add_coco_detection_tasks(table);
  add_lvis_detection_tasks(table);
  add_coco_segmentation_tasks(table);
  add_refcoco_tasks(table);
  add_caption_tasks(table);
  add_reconstruction_tasks(table);
  return table;
}

}  // namespace sightline
