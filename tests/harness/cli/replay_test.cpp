#include "harness/media/decode.h"
#include "harness/media/encode.h"
#include "tests/harness/cli/cli_test.h"

// Predictions score the same whether a run asks `replay` for them or `score` reads the file.

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;

class Replay : public CliTest, public ::testing::WithParamInterface<const char*> {
 protected:
  static Json score(const std::string& task, const fs::path& predictions) {
    return Json::parse(must({"score", "--task", task, "--data_root", data().string(),
                             "--predictions", predictions.string(), "--json"})
                           .out);
  }
  /// The metrics of a run as `score --json` has them.
  static Json metrics_of(const fs::path& run_folder) {
    Json metrics;
    const Json results = read_json(run_folder / "results.json");
    for (const Json& metric : results["sightline"]["run"]["tasks"][0]["metrics"]) {
      Json& entry = metrics[metric.at("key")];
      entry = {
          {"value", metric.at("value")}, {"stderr", metric.at("stderr")}, {"n", metric.at("n")}};
    }
    return metrics;
  }
  static void expect_same(const Json& scored, const Json& ran) {
    ASSERT_EQ(scored.size(), ran.size());
    for (const auto& [key, metric] : scored.items()) {
      for (const char* field : {"value", "stderr", "n"}) {
        EXPECT_EQ(metric.at(field), ran.at(key).at(field)) << key << " " << field;
      }
    }
  }
};

// Baselines, and a model in another process that gives many boxes with scores.
TEST_P(Replay, OfWhatPredictOnlyWroteEqualsTheRunAndTheScore) {
  const std::string task = GetParam();
  SIGHTLINE_NEED_PYTHON();
  for (const std::string model : {"baseline", "process"}) {
    SCOPED_TRACE(model);
    const Words args = model == "process" ? Words{"--model_args", slow_model()} : Words{};
    Words predict = args;
    predict.push_back("--predict_only");
    run(model, task, model + "_run", args);
    run(model, task, model + "_answers", predict);
    const fs::path predictions = folder(model + "_answers") / ("predictions_" + task + ".json");
    run("replay", task, model + "_replay", {"--model_args", "predictions=" + predictions.string()});
    const Json scored = score(task, predictions);
    expect_same(scored.at("metrics"), metrics_of(folder(model + "_run")));
    expect_same(scored.at("metrics"), metrics_of(folder(model + "_replay")));
    EXPECT_EQ(scored.at("missing_predictions"), 0);
  }
}

TEST_P(Replay, OfHalfThePredictionsEqualsTheirScore) {
  const std::string task = GetParam();
  run("baseline", task, "answers", {"--predict_only"});
  const fs::path predictions = folder("answers") / ("predictions_" + task + ".json");
  const Json rows = read_json(predictions);
  Json half = Json::array();
  for (std::size_t i = 0; i < rows.size(); i += 2) half.push_back(rows[i]);
  write_file_atomically(predictions, half.dump());
  run("replay", task, "replay", {"--model_args", "predictions=" + predictions.string()});
  expect_same(score(task, predictions).at("metrics"), metrics_of(folder("replay")));
}

TEST_P(Replay, OfJsonLinesEqualsThatOfTheArray) {
  const std::string task = GetParam();
  run("baseline", task, "answers", {"--predict_only"});
  const fs::path predictions = folder("answers") / ("predictions_" + task + ".json");
  std::string lines;
  for (const Json& row : read_json(predictions)) lines += row.dump() + "\n";
  write_file_atomically(folder("lines.jsonl"), lines);
  EXPECT_EQ(score(task, folder("lines.jsonl"))["metrics"], score(task, predictions)["metrics"]);
}

INSTANTIATE_TEST_SUITE_P(Tasks, Replay,
                         ::testing::Values("vqav2_val", "textvqa_val", "coco_det_val2017",
                                           "refcoco_val", "docci_test", "coco_captions_val"),
                         [](const auto& test) { return test.param; });

using ReplayOfImages = Replay;

TEST_F(ReplayOfImages, InAFolderEqualsTheScoreAndTheCodecItself) {
  run("baseline", "imagenet_recon_val", "codec", {"--model_args", "kind=jpeg,quality=40"});
  // The codec's work done by hand: the pictures are square, so without crop they are what it gets.
  run("baseline", "imagenet_recon_val[crop=none]", "uncropped",
      {"--model_args", "kind=jpeg,quality=40"});
  const fs::path made = folder("made");
  fs::create_directories(made);
  Json bits;
  for (const auto& entry : fs::directory_iterator(data() / "imagenet/val")) {
    const std::string jpeg = encode_jpeg(read_image(entry.path()), 40);
    const std::string name = entry.path().stem().string() + ".png";
    write_file_atomically(made / name, encode_png(decode_image(jpeg)));
    bits[name] = 8 * jpeg.size();
  }
  write_file_atomically(made / "bits.json", bits.dump());
  const std::string task = "imagenet_recon_val[crop=none]";
  run("replay", task, "replay", {"--model_args", "predictions=" + made.string()});
  const Json scored = score(task, made);
  expect_same(scored.at("metrics"), metrics_of(folder("replay")));
  expect_same(scored.at("metrics"), metrics_of(folder("uncropped")));
  EXPECT_GT(scored["metrics"]["psnr"]["value"], 20);
  EXPECT_GT(scored["metrics"]["bpp"]["value"], 0.05);
}

TEST_F(ReplayOfImages, WithOneMissingAndOneBrokenCountsThemAsFailures) {
  const fs::path made = folder("made");
  fs::create_directories(made);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(data() / "imagenet/val")) {
    files.push_back(made / (entry.path().stem().string() + ".png"));
    write_file_atomically(files.back(), encode_png(read_image(entry.path())));
  }
  fs::remove(files[0]);
  const std::string png = read_file(files[1]);
  write_file_atomically(files[1], png.substr(0, png.size() / 2));
  run("replay", "imagenet_recon_val[crop=none]", "replay",
      {"--model_args", "predictions=" + made.string()});
  const Json outcomes =
      read_json(folder("replay") / "results.json")["sightline"]["run"]["tasks"][0]["outcomes"];
  EXPECT_EQ(outcomes, (Json{{"ok", 4}, {"parse_fail", 1}, {"skipped", 1}}));
  EXPECT_EQ(query(folder("replay"), "SELECT count(*) FROM samples WHERE error LIKE '%" +
                                        files[1].filename().string() + "%'"),
            1);
}

}  // namespace
}  // namespace sightline::testing
