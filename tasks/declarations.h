#pragma once

#include "tasks/task.h"

namespace sightline {

void add_vqav2_tasks(TaskTable& table);
void add_textvqa_tasks(TaskTable& table);
void add_coco_detection_tasks(TaskTable& table);
void add_lvis_detection_tasks(TaskTable& table);
void add_coco_segmentation_tasks(TaskTable& table);
void add_refcoco_tasks(TaskTable& table);
void add_caption_tasks(TaskTable& table);
void add_reconstruction_tasks(TaskTable& table);

/// Adds the tasks declared by the *.json files of a folder (`--include_path`).
void add_tasks_from_folder(TaskTable& table, const std::filesystem::path& folder);

}  // namespace sightline
