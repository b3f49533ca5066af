// Names and options of tasks as users write them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/errors.h"
#include "tests/support/paths.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

using ::testing::AllOf;
using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using testing::open_task;
using Options = TaskDeclaration::Options;

std::vector<std::pair<std::string, Options>> parse(const std::string& text) {
  std::vector<std::pair<std::string, Options>> parsed;
  for (const TaskChoice& choice : parse_task_choices(text)) {
    parsed.emplace_back(choice.name, choice.options);
  }
  return parsed;
}

TEST(TaskChoices, AreNamesWithOptionsInBrackets) {
  using Parsed = std::vector<std::pair<std::string, Options>>;
  EXPECT_EQ(parse("a"), (Parsed{{"a", {}}}));
  EXPECT_EQ(parse("a,b"), (Parsed{{"a", {}}, {"b", {}}}));
  EXPECT_EQ(parse(" a , b [ x = 1 , y=2 ] ,c"),
            (Parsed{{"a", {}}, {"b", {{"x", "1"}, {"y", "2"}}}, {"c", {}}}));
  EXPECT_EQ(parse("refcoco+_val[x=a=b],a[x=]"),
            (Parsed{{"refcoco+_val", {{"x", "a=b"}}}, {"a", {{"x", ""}}}}));
}

TEST(TaskChoices, RefuseWhatIsNoChoice) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "an empty task name"},
      {"a,", "an empty task name"},
      {",a", "an empty task name"},
      {"[x=1]", "an empty task name"},
      {"a[x=1", "lacks the closing ']'"},
      {"a[x=1]b", "lacks the closing ']'"},
      {"a[x=1],b[y=2", "'b[y=2' lacks the closing ']'"},
      {"a[]", "not of the form name=value"},
      {"a[x]", "the task option 'x' in 'a[x]'"},
      {"a[x=1,,y=2]", "not of the form name=value"},
      {"a[x=1, x=2]", "the task option 'x' stands twice"},
      {"a\xFF", "not valid UTF-8"},
  };
  for (const auto& [text, says] : cases) {
    EXPECT_THAT(error_of([&] { parse(text); }), HasSubstr(says)) << text;
  }
}

Task open_coco(const std::string& options) {
  return open_task("coco_det_val2017" + options,
                   {.annotations = data_path("coco/instances_val2017.json")});
}

TEST(TaskOptions, ArePartOfTheProtocolAndOfTheNameWhereTheyDiffer) {
  const Task plain = open_coco("");
  EXPECT_EQ(plain.name, "coco_det_val2017");
  EXPECT_EQ(plain.protocol.at("categories"), "all");
  EXPECT_EQ(plain.protocol.at("score_threshold"), "0");
  EXPECT_EQ(plain.protocol.at("split"), "val2017");
  const Task chosen = open_coco("[score_threshold=0.3,categories=present]");
  EXPECT_EQ(chosen.name, "coco_det_val2017[categories=present,score_threshold=0.3]");
  EXPECT_EQ(chosen.protocol.at("categories"), "present");
  EXPECT_EQ(open_coco("[categories=all]").name, "coco_det_val2017");
}

TEST(TaskOptions, AreCheckedAndTheNearestIsNamed) {
  const std::pair<const char*, std::vector<const char*>> cases[] = {
      {"[categoris=all]",
       {"no option 'categoris'", "did you mean 'categories'?", "score_threshold"}},
      {"[categories=some]", {"coco_det_val2017[categories=some]", "want one of all, present"}},
      {"[categories=]", {"want one of all, present"}},
      {"[score_threshold=half]", {"score_threshold=half", "from 0 to 1"}},
      {"[score_threshold=1.5]", {"from 0 to 1"}},
      {"[score_threshold=-0.1]", {"from 0 to 1"}},
      {"[score_threshold=nan]", {"from 0 to 1"}},
      {"[score_threshold=0.5x]", {"from 0 to 1"}},
  };
  for (const auto& [options, says] : cases) {
    SCOPED_TRACE(options);
    const std::string error = error_of([&, &wanted = options] { open_coco(wanted); });
    for (const char* text : says) EXPECT_THAT(error, HasSubstr(text));
  }
}

TEST(TaskTable, NamesTheNearestTask) {
  const TaskTable table = standard_tasks();
  const std::pair<const char*, const char*> cases[] = {{"vqav2_vall", "vqav2_val"},
                                                       {"refcoco_testa", "refcoco_testA"},
                                                       {"coco_det", "coco_det_val2017"},
                                                       {"docci", "docci_test"}};
  for (const auto& [given, nearest] : cases) {
    SCOPED_TRACE(given);
    const std::string error = error_of([&, &name = given] { table.find(name); });
    EXPECT_THAT(error, AllOf(HasSubstr(given), HasSubstr("sightline list tasks")));
    if (std::string(given).size() > 8) {
      EXPECT_THAT(error, HasSubstr(std::string("did you mean '") + nearest + "'?"));
    }
  }
  EXPECT_THROW(table.find(""), UsageError);
}

TEST(TaskTable, RefusesTwoTasksOfOneName) {
  TaskTable table = standard_tasks();
  EXPECT_THAT(error_of([&] {
                TaskDeclaration task;
                task.name = "vqav2_val";
                table.add(task);
              }),
              HasSubstr("two tasks are named 'vqav2_val'"));
}

TEST(TaskTable, DeclaresEveryTaskWhole) {
  const TaskTable table = standard_tasks();
  std::set<std::string> names;
  for (const TaskDeclaration& task : table.all()) {
    SCOPED_TRACE(task.name);
    EXPECT_TRUE(names.insert(task.name).second);
    EXPECT_FALSE(task.summary.empty());
    EXPECT_FALSE(task.files.empty());
    EXPECT_FALSE(task.metrics.empty());
    for (const TaskOption& option : task.options) {
      EXPECT_FALSE(option.meaning.empty()) << option.name;
      const auto& choices = option.choices;
      EXPECT_TRUE(choices.empty() ||
                  std::find(choices.begin(), choices.end(), option.fallback) != choices.end())
          << option.name;
    }
  }
  for (const char* name :
       {"vqav2_val", "vqav2_testdev", "textvqa_val", "coco_det_val2017", "refcoco_val",
        "refcoco_testA", "refcoco_testB", "refcoco+_val", "refcoco+_testA", "refcoco+_testB",
        "refcocog_val", "refcocog_test", "coco_captions_val", "docci_test", "docci_qual_test",
        "docci_qual_dev", "imagenet_recon_val"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(TaskRules, UnknownOnesAreRefusedWithTheKnown) {
  const Task coco = open_coco("");
  EXPECT_THAT(error_of([&] { coco.new_scorer("coco/none"); }),
              AllOf(HasSubstr("'coco/none'"), HasSubstr("coco/pycocotools")));
  const Task refcoco = open_task("refcoco_val", {.annotations = data_path("refcoco/instances.json"),
                                                 .refs = data_path("refcoco/refs_as_json.json")});
  EXPECT_THAT(error_of([&] { refcoco.new_scorer("x"); }),
              AllOf(HasSubstr("'x'"), HasSubstr("refcoco/iou_at_least")));
  const Task captions =
      open_task("coco_captions_val", {.annotations = data_path("captions/captions_val.json")});
  EXPECT_THAT(error_of([&] { captions.new_scorer("x"); }), HasSubstr(captions.rules.front()));
  const Task images = open_task("imagenet_recon_val", {.images = data_path("images/png")});
  EXPECT_THAT(error_of([&] { images.new_scorer("x"); }), HasSubstr("reconstruction/per_image"));
}

}  // namespace
}  // namespace sightline
