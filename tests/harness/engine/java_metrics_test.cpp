#include "harness/engine/java_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

// METEOR and SPICE themselves are not at hand: small programs that speak as they do stand in.

namespace sightline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

const std::vector<std::string> kFirst = {"A dog (small) sits.", "The dog's here"};
const std::vector<std::string> kSecond = {"Two cats"};

std::vector<CaptionCase> captions() {
  return {{.index = 0, .id = "7", .caption = "A |||  dog, it's big.", .references = kFirst},
          {.index = 1, .id = "9", .caption = "", .references = kSecond}};
}

/// A folder with a jar that is none, and in place of Java a shell script that gets its arguments.
class JavaMetrics : public ::testing::Test {
 protected:
  void SetUp() override { write_file_atomically(jar_, "no program"); }
  void TearDown() override { ::unsetenv("SIGHTLINE_JAVA"); }

  /// "$1" is -Xmx, "$2" -jar, "$3" the jar; it runs in the folder of the jar.
  void java_is(const std::string& script) {
    const fs::path file = folder_ / "java's stand-in.sh";
    write_file_atomically(file, "#!/bin/sh\n" + script);
    fs::permissions(file, fs::perms::owner_all);
    ::setenv("SIGHTLINE_JAVA", file.c_str(), 1);
  }
  std::string meteor_error(JavaPatience patience = {}) {
    return error_of([&] { meteor_metric(jar_, captions(), patience); });
  }
  std::string spice_error() {
    return error_of([&] { spice_metric(jar_, captions()); });
  }
  std::string content(const std::string& name) { return read_file(folder_ / name); }

  TemporaryFolder folder_;
  fs::path jar_ = folder_ / "some program.jar";
};

constexpr const char* kMeteor = R"(
echo "$*" > arguments
while IFS= read -r line; do
  printf '%s\n' "$line" >> lines
  case $line in
    SCORE*) echo "2.0 1.0E-3 ${#line}" ;;
    EVAL*) echo 0.25; echo 0.5; echo 0.375 ;;
  esac
done
)";

TEST_F(JavaMetrics, MeteorIsAskedAsPycocoevalcapAsksIt) {
  java_is(kMeteor);
  const MetricValue meteor = meteor_metric(jar_, captions());
  EXPECT_EQ(meteor.value, 0.375) << "the last line is that of the whole set";
  EXPECT_EQ(meteor.n, 2);
  EXPECT_THAT(meteor.note, AllOf(HasSubstr("some program.jar"), HasSubstr("SHA-256")));
  const std::string first =
      "SCORE ||| a dog -lrb- small -rrb- sits ||| the dog 's here ||| a | | | dog it 's big";
  const std::string second = "SCORE ||| two cats ||| ";
  EXPECT_EQ(content("lines"), first + "\n" + second + "\n" + "EVAL ||| 2.0 1.0E-3 " +
                                  std::to_string(first.size()) + " ||| 2.0 1.0E-3 " +
                                  std::to_string(second.size()) + "\n");
  EXPECT_EQ(content("arguments"), "-Xmx2G -jar " + jar_.string() + " - - -stdio -l en -norm\n");
}

TEST_F(JavaMetrics, MeteorTakesManyCaptions) {
  java_is(R"(
while IFS= read -r line; do
  case $line in
    SCORE*) echo "1 2 3"; n=$((n + 1)) ;;
    EVAL*) while [ $n -gt 0 ]; do echo 0.5; n=$((n - 1)); done; echo 0.75 ;;
  esac
done
)");
  std::vector<CaptionCase> many;
  for (std::size_t i = 0; i < 2000; ++i) {
    many.push_back({.index = i, .id = std::to_string(i), .caption = "a dog", .references = kFirst});
  }
  EXPECT_EQ(meteor_metric(jar_, many).value, 0.75);
}

TEST_F(JavaMetrics, MeteorsFailuresAreTold) {
  struct Case {
    const char *name, *script;
    std::vector<std::string> says;
  };
  const Case cases[] = {
      {"crash",
       "read -r line; echo 'no table paraphrase-en.gz' >&2; exit 3",
       {"exited with status 3", "no table paraphrase-en.gz"}},
      {"garbage", "read -r line; echo Welcome; cat > /dev/null", {"'Welcome'", "meteor-1.5.jar"}},
      {"not_a_number", "read -r line; echo 1 NaN 2; cat > /dev/null", {"'NaN'"}},
      {"crash_at_the_end",
       "read -r a; echo 1; read -r b; echo 2; read -r c; echo 0.5; exit 1",
       {"exited with status 1", "before it had answered"}},
      {"silence", "cat > /dev/null", {"gave no answer for 0.3 s"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    java_is(c.script);
    const std::string error = meteor_error({.silence = std::chrono::milliseconds(300)});
    for (const std::string& words : c.says) EXPECT_THAT(error, HasSubstr(words));
  }
}

constexpr const char* kSpice = R"(
cp "$4" input.json
echo "$1 $2 $3 $7 $8" > arguments
cat > "$6" <<'END'
[{"image_id": 1, "scores": {"All": {"pr": 1.0, "re": 1.0, "f": 0.5}, "Color": {"f": null}}},
 {"image_id": 0, "scores": {"All": {"pr": 1.0, "re": 1.0, "f": 0.25}}}]
END
)";

TEST_F(JavaMetrics, SpiceIsAskedThroughItsFiles) {
  java_is(kSpice);
  const MetricValue spice = spice_metric(jar_, captions());
  EXPECT_EQ(spice.value, 0.375);
  EXPECT_NEAR(*spice.standard_error, 0.125, 1e-15);
  EXPECT_EQ(content("arguments"), "-Xmx8G -jar " + jar_.string() + " -subset -silent\n");
  const auto input = nlohmann::json::parse(content("input.json"));
  EXPECT_EQ(input, nlohmann::json::parse(R"([
      {"image_id": 0, "test": "a | | | dog it 's big",
       "refs": ["a dog -lrb- small -rrb- sits", "the dog 's here"]},
      {"image_id": 1, "test": "", "refs": ["two cats"]}])"));
}

TEST_F(JavaMetrics, SpiceWithoutAScoreForACaptionIsUndefined) {
  java_is(R"(echo '[{"image_id": 0, "scores": {"All": {"f": 0.25}}},
                    {"image_id": 1, "scores": {"All": {"f": null}}}]' > "$6")");
  const MetricValue spice = spice_metric(jar_, captions());
  EXPECT_FALSE(spice.value.has_value());
  EXPECT_THAT(spice.note, HasSubstr("1 of the captions"));
}

TEST_F(JavaMetrics, SpicesFailuresAreTold) {
  const std::pair<const char*, const char*> cases[] = {
      {"echo 'InaccessibleObjectException' >&2; exit 1", "InaccessibleObjectException"},
      {"exit 0", "wrote no scores"},
      {"echo '[]' > \"$6\"; exit 4", "status 4"},
      {"echo '[{\"image_id\"' > \"$6\"", "cannot be read"},
      {"echo '[{\"image_id\": 0, \"scores\": {}}]' > \"$6\"", "cannot be read"},
      {"echo '[{\"image_id\": 0, \"scores\": {\"All\": {\"f\": 1}}}]' > \"$6\"", "caption 2 of 2"},
      {"echo '[{\"image_id\": 5, \"scores\": {\"All\": {\"f\": 1}}}]' > \"$6\"", "image 5"},
  };
  for (const auto& [script, says] : cases) {
    java_is(script);
    EXPECT_THAT(spice_error(), HasSubstr(says)) << script;
  }
}

TEST_F(JavaMetrics, AMissingJarOrJavaIsSaid) {
  ::setenv("SIGHTLINE_JAVA", (folder_ / "no java").c_str(), 1);
  EXPECT_THAT(meteor_error(), AllOf(HasSubstr("no java"), HasSubstr("status 127")));
  EXPECT_THAT(spice_error(), HasSubstr("status 127"));
  jar_ = folder_ / "absent.jar";
  EXPECT_THAT(meteor_error(), HasSubstr("absent.jar"));
  EXPECT_THAT(spice_error(), HasSubstr("absent.jar"));
}

TEST_F(JavaMetrics, NoCaptionsNeedNoProgram) {
  EXPECT_FALSE(meteor_metric(folder_ / "absent.jar", {}).value.has_value());
  EXPECT_FALSE(spice_metric(folder_ / "absent.jar", {}).value.has_value());
}

constexpr const char* kMeteorInJava = R"(
import java.io.*;
public class Meteor {
  public static void main(String[] args) throws IOException {
    if (!String.join(" ", args).equals("- - -stdio -l en -norm")) System.exit(2);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line; (line = in.readLine()) != null;) {
      String[] parts = line.split(" \\|\\|\\| ", -1);
      if (parts[0].equals("SCORE")) System.out.println(parts.length + " " + parts[parts.length - 1].length());
      if (!parts[0].equals("EVAL")) continue;
      double sum = 0;
      for (int i = 1; i < parts.length; ++i) {
        double score = 1.0 / Double.parseDouble(parts[i].split(" ")[1]);
        System.out.println(score);
        sum += score;
      }
      System.out.println(sum / (parts.length - 1) / 1024);
    }
  }
}
)";

TEST_F(JavaMetrics, AJarIsRunByJavaItself) {
  if (std::system("javac -version >/dev/null 2>&1 && jar --version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "needs javac and jar; install a Java development kit";
  }
  write_file_atomically(folder_ / "Meteor.java", kMeteorInJava);
  const std::string build = "cd '" + folder_.path().string() +
                            "' && javac Meteor.java && jar cfe meteor.jar Meteor Meteor.class";
  ASSERT_EQ(std::system(build.c_str()), 0);
  std::vector<CaptionCase> two = captions();
  two[0].caption = "a dog";     // 5 characters
  two[1].caption = "two cats";  // 8
  EXPECT_NEAR(*meteor_metric(folder_ / "meteor.jar", two).value, (1.0 / 5 + 1.0 / 8) / 2 / 1024,
              1e-18);
}

}  // namespace
}  // namespace sightline
