// Metrics of networks from the program: the module with libtorch, weight files, a run.

#include "harness/formats/npz.h"
#include "tests/harness/cli/cli_test.h"
#include "tests/models/torch/inception_weights.h"
#include "tests/support/safetensors.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using testing::data_path;
using ::testing::HasSubstr;
using testing::Json;
using ::testing::Not;
using testing::read_safetensors;
using testing::Words;

class FidelityCommand : public testing::CliTest {
 protected:
  /// A folder with the goldens' weights under a name that is looked for.
  fs::path weights() const {
    const fs::path weights = folder("weights");
    fs::create_directories(weights);
    const fs::path file = weights / "inception-2015-12-05.safetensors";
    if (!fs::exists(file)) fs::create_symlink(testing::inception_weights(), file);
    return weights;
  }

  /// A folder with the goldens' four images.
  fs::path images() const {
    const fs::path images = folder("images");
    fs::create_directories(images);
    for (int i = 0; i < 4; ++i) {
      const std::string name = "inception_img" + std::to_string(i) + ".png";
      fs::copy_file(data_path("inception/" + name), images / name, fs::copy_options::skip_existing);
    }
    return images;
  }
};

TEST_F(FidelityCommand, GivesTheReferenceNetworksFeatures) {
  const std::string saved = folder("saved.npz").string();
  const auto end = must({"fidelity", "--input1", images().string(), "--input2", images().string(),
                         "--metrics", "fid", "--rules", "fid/tf", "--weights", weights().string(),
                         "--save_statistics1", saved, "--json"});
  const Json fid = Json::parse(end.out).at("metrics").at("fid");
  EXPECT_NEAR(fid.at("value").get<double>(), 0, 1e-6);
  EXPECT_EQ(fid.at("rules"), "fid/tf");
  EXPECT_EQ(fid.at("n"), 4);
  EXPECT_EQ(fid.at("features").get<std::string>().size(), 64U);

  const auto golden = read_safetensors(data_path("inception/inception_features.safetensors"));
  const std::vector<double> mean = NpzFile(saved).at("mu").to_doubles();
  std::vector<double> expected(mean.size());
  double largest = 0;
  for (int i = 0; i < 4; ++i) {
    const auto pool = golden.at(fmt::format("torch_fidelity_img{}_pool3", i)).values<float>();
    ASSERT_EQ(pool.size(), mean.size());
    for (std::size_t k = 0; k < pool.size(); ++k) {
      expected[k] += double{pool[k]} / 4;
      largest = std::max(largest, std::abs(double{pool[k]}));
    }
  }
  for (std::size_t k = 0; k < mean.size(); ++k) {
    ASSERT_NEAR(mean[k], expected[k], 1e-4 * largest) << k;
  }
}

TEST_F(FidelityCommand, WithoutWeightsWritesNothingAndSaysWhatToGet) {
  const auto end =
      sightline({"fidelity", "--input1", images().string(), "--input2", images().string(),
                 "--metrics", "fid", "--save_statistics1", folder("saved.npz").string()});
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.err, HasSubstr("pt_inception-2015-12-05-6726825d.pth"));
  EXPECT_EQ(end.out, "");
  EXPECT_FALSE(fs::exists(folder("saved.npz")));
}

TEST_F(FidelityCommand, RefusesWeightsThatAreNone) {
  const fs::path broken = folder("broken");
  fs::create_directories(broken);
  write_file_atomically(broken / "pt_inception-2015-12-05-6726825d.pth", "no weights");
  const auto end = sightline({"fidelity", "--input1", images().string(), "--input2",
                              images().string(), "--metrics", "fid", "--weights", broken.string()});
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.err, HasSubstr("pt_inception-2015-12-05-6726825d.pth"));
}

TEST_F(FidelityCommand, PairsPrintEachPair) {
  const auto end = must({"fidelity", "--input1", images().string(), "--input2", images().string(),
                         "--metrics", "psnr,ssim", "--json"});
  const Json document = Json::parse(end.out);
  EXPECT_EQ(document.at("metrics").at("psnr").at("value"), "inf");
  EXPECT_EQ(document.at("pairs").at("inception_img2"), Json({{"psnr", "inf"}, {"ssim", 1.0}}));
}

TEST_F(FidelityCommand, ARunGivesRfidAndVerifies) {
  run("baseline", "imagenet_recon_val", "run",
      {"--model_args", "kind=jpeg,quality=30", "--weights", weights().string(), "--limit", "3"});
  const Json results = Json::parse(read_file(folder("run") / "results.json"));
  const Json& task = results.at("results").at("imagenet_recon_val");
  EXPECT_GT(task.at("rfid,none").get<double>(), 0);
  const Json& protocol = results.at("configs").at("imagenet_recon_val").at("protocol");
  EXPECT_EQ(protocol.at("rfid"), "pytorch-fid");
  EXPECT_EQ(protocol.at("rfid_weights").get<std::string>().size(), 16U);
  EXPECT_EQ(protocol.at("lpips_weights"), "none");
  // From the features in the journal, without the network.
  must({"verify", folder("run").string()});
}

TEST_F(FidelityCommand, StatisticsOfTheReferenceAreComputedOnce) {
  const Words words = {
      "fidelity",  "--input1", images().string(), "--input2",         images().string(),
      "--metrics", "fid",      "--weights",       weights().string(), "--json"};
  const Json first = Json::parse(must(words).out), second = Json::parse(must(words).out);
  EXPECT_EQ(first.at("reference_statistics").at(0).at("cache"), "miss");
  EXPECT_EQ(second.at("reference_statistics").at(0).at("cache"), "hit");
  EXPECT_EQ(first.at("metrics"), second.at("metrics"));
  Words without = words;
  without.insert(without.end(), {"--cache_dir", "none"});
  const Json third = Json::parse(must(without).out);
  EXPECT_FALSE(third.contains("reference_statistics"));
  EXPECT_EQ(first.at("metrics"), third.at("metrics"));
}

TEST_F(FidelityCommand, ASecondRunTakesTheOriginalsFeaturesFromTheCache) {
  const auto run_codec = [&](const std::string& name, const Words& more) {
    Words words = {
        "--model_args", "format=jpeg,quality=30", "--weights", weights().string(), "--limit", "3"};
    words.insert(words.end(), more.begin(), more.end());
    return run("codec", "imagenet_recon_val[protocol=flowmo,size=64]", name, words).err;
  };
  EXPECT_THAT(run_codec("first", {}), HasSubstr("0 of 3 originals came from the cache"));
  EXPECT_THAT(run_codec("second", {}), HasSubstr("3 of 3 originals came from the cache"));
  EXPECT_THAT(run_codec("without", {"--cache_dir", "none"}), Not(HasSubstr("cache")));
  const std::string damaged = (folder("cache") / "features.sqlite").string();
  fs::remove(damaged + "-wal");
  fs::remove(damaged + "-shm");
  write_file_atomically(damaged, std::string(9000, 'x'));
  const std::string warned = run_codec("damaged", {});
  EXPECT_THAT(warned, HasSubstr("features of originals are computed anew"));
  EXPECT_THAT(warned, HasSubstr("features.sqlite"));
  for (const char* name : {"second", "without", "damaged"}) {
    EXPECT_EQ(result_fields(folder("first")), result_fields(folder(name))) << name;
  }
  must({"verify", folder("second").string()});
}

}  // namespace
}  // namespace sightline
