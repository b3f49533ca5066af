// What samples are scored against, as people are shown it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tasks/task.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(References, ObjectsHaveTheirBoxesAndNames) {
  const Task task =
      standard_tasks().open(parse_task_choices("coco_det_val2017").front(),
                            {.annotations = data_path("coco/instances_val2017.json")});
  ASSERT_TRUE(task.reference);
  std::size_t boxes = 0, crowds = 0;
  for (std::size_t i = 0; i < task.dataset->size(); ++i) {
    const SampleReference reference = task.reference(i);
    EXPECT_THAT(reference.texts, IsEmpty());
    boxes += reference.boxes.size();
    for (const auto& box : reference.boxes) {
      EXPECT_FALSE(box.label.empty());
      EXPECT_GE(box.box.w, 0);
      crowds += box.label.ends_with(" (crowd)");
    }
  }
  EXPECT_GT(boxes, 0U);
  EXPECT_LT(crowds, boxes);
}

TEST(References, ExpressionsHaveTheOneBoxTheyMean) {
  const Task task = standard_tasks().open(parse_task_choices("refcoco_val").front(),
                                          {.annotations = data_path("refcoco/instances.json"),
                                           .refs = data_path("refcoco/refs_as_json.json")});
  ASSERT_TRUE(task.reference);
  ASSERT_GT(task.dataset->size(), 0U);
  for (std::size_t i = 0; i < task.dataset->size(); ++i) {
    EXPECT_THAT(task.reference(i).boxes, SizeIs(1));
  }
}

}  // namespace
}  // namespace sightline
