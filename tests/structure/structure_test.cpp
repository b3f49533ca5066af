// The rules of the source tree: which room may include which, and what stands in no file.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "harness/base/file.h"
#include "harness/base/text.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

const fs::path kRoot = SIGHTLINE_SOURCE_DIR;
const std::string kScriptFile = "models/families/script_module.cpp";
const std::vector<std::string> kSourceFolders = {"harness", "metrics", "models", "results",
                                                 "tasks"};

using Rooms = std::map<std::string, std::set<std::string>>;

/// The words of a `sightline_room(...)` or `sightline_module(...)`, by the keyword before them;
/// those before the first keyword under "".
std::map<std::string, std::vector<std::string>> read_call(const std::string& inside) {
  const std::set<std::string> keywords = {"PARTS", "DEPENDS", "SYSTEM"};
  std::map<std::string, std::vector<std::string>> words;
  std::string keyword;
  for (const std::string_view word : split_at_space(inside)) {
    if (keywords.contains(std::string(word))) {
      keyword = word;
    } else {
      words[keyword].emplace_back(word);
    }
  }
  return words;
}

/// Rooms, and the parts of modules in models/, with those that each may include directly. Of a
/// module's parts, lowest first, each may include those before it; its entry, module.cpp, is a room
/// of its own that may include all of them.
Rooms read_rooms() {
  const std::string text = read_file(kRoot / "CMakeLists.txt");
  Rooms rooms;
  const std::regex line(R"(\bsightline_(room|module)\(([^)]*)\))");
  for (std::sregex_iterator match(text.begin(), text.end(), line), end; match != end; ++match) {
    auto words = read_call((*match)[2]);
    std::set<std::string> allowed(words["DEPENDS"].begin(), words["DEPENDS"].end());
    if ((*match)[1] == "room") {
      rooms[words[""].at(0)] = allowed;
      continue;
    }
    for (const std::string& part : words["PARTS"].empty() ? words[""] : words["PARTS"]) {
      rooms["models/" + part] = allowed;
      allowed.insert("models/" + part);
    }
    rooms["models/" + words[""].at(0) + "/module.cpp"] = allowed;
  }
  return rooms;
}

/// Rooms that may be included, with those behind them and the room itself.
Rooms closure(Rooms rooms) {
  for (auto& [room, allowed] : rooms) {
    allowed.insert(room);
    for (std::size_t before = 0; before != allowed.size();) {
      before = allowed.size();
      for (const std::string& other : std::set<std::string>(allowed)) {
        allowed.insert(rooms.at(other).begin(), rooms.at(other).end());
      }
    }
  }
  return rooms;
}

struct Source {
  std::string name;  ///< from the root of the repository
  std::string room;  ///< its folder
  std::string text;
  std::vector<std::string> includes;  ///< what stands between quotes or angle brackets

  bool is_header() const { return name.ends_with(".h"); }
};

Source read_source(const fs::path& file) {
  Source source;
  source.name = fs::relative(file, kRoot).string();
  source.room = fs::relative(file.parent_path(), kRoot).string();
  source.text = read_file(file);
  static const std::regex line(R"(^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"])",
                               std::regex::multiline);
  for (std::sregex_iterator match(source.text.begin(), source.text.end(), line), end; match != end;
       ++match) {
    source.includes.push_back((*match)[1]);
  }
  return source;
}

const std::vector<Source>& sources() {
  static const std::vector<Source> all = [] {
    std::vector<Source> found;
    for (const std::string& folder : kSourceFolders) {
      for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
        const fs::path& file = entry.path();
        if (file.extension() == ".h" || file.extension() == ".cpp") {
          found.push_back(read_source(file));
        }
      }
    }
    return found;
  }();
  return all;
}

/// "FILE: REASON" for every include that `refuses` names a reason for.
template <typename Refuses>
std::vector<std::string> offenders(Refuses refuses) {
  std::vector<std::string> found;
  for (const Source& source : sources()) {
    for (const std::string& include : source.includes) {
      const std::string reason = refuses(source, include);
      if (!reason.empty()) found.push_back(source.name + ": " + include + " " + reason);
    }
  }
  return found;
}

TEST(Structure, TheTestSeesTheTree) {
  const auto rooms = closure(read_rooms());
  EXPECT_GE(rooms.size(), 15U);
  EXPECT_TRUE(rooms.at("tasks").contains("harness/base"));
  EXPECT_TRUE(rooms.at("harness/engine").contains("metrics/text"));
  EXPECT_FALSE(rooms.at("metrics").contains("tasks"));
  EXPECT_FALSE(rooms.at("results").contains("models/api"));
  EXPECT_TRUE(rooms.at("models/families").contains("models/nn"));
  EXPECT_TRUE(rooms.at("models/families").contains("models/kernels"));
  EXPECT_FALSE(rooms.at("models/nn").contains("models/families"));
  EXPECT_TRUE(rooms.at("models/torch/module.cpp").contains("models/families"));
  EXPECT_GT(sources().size(), 150U);
}

TEST(Structure, RoomsDoNotDependOnEachOtherInACircle) {
  const auto rooms = closure(read_rooms());
  for (const auto& [room, allowed] : rooms) {
    for (const std::string& other : allowed) {
      EXPECT_TRUE(other == room || !rooms.at(other).contains(room)) << room << " and " << other;
    }
  }
}

TEST(Structure, IncludesFollowTheDependenciesOfTheRooms) {
  const auto rooms = closure(read_rooms());
  EXPECT_THAT(offenders([&](const Source& source, const std::string& include) -> std::string {
                const std::string target = fs::path(include).parent_path().string();
                if (!rooms.contains(target)) return "";
                const auto& room =
                    rooms.at(rooms.contains(source.name) ? source.name : source.room);
                return room.contains(target) ? "" : "is not among the DEPENDS of its room";
              }),
              IsEmpty());
}

TEST(Structure, OwnHeadersAreIncludedFromTheRootAndExist) {
  EXPECT_THAT(offenders([](const Source& source, const std::string& include) -> std::string {
                const bool quoted = source.text.find('"' + include + '"') != std::string::npos;
                return !quoted || fs::exists(kRoot / include) ? "" : "is no path from the root";
              }),
              IsEmpty());
}

TEST(Structure, EveryFolderOfSourcesIsARoom) {
  const auto rooms = read_rooms();
  for (const Source& source : sources()) {
    EXPECT_TRUE(rooms.contains(source.room)) << source.name;
  }
}

TEST(Structure, LargeLibrariesStayInTheirPlace) {
  EXPECT_THAT(offenders([](const Source& source, const std::string& include) -> std::string {
                if (include.starts_with("opencv2/") && source.room != "models/opencv") {
                  return "belongs to models/opencv";
                }
                const bool torch = include.starts_with("torch/") || include.starts_with("ATen/") ||
                                   include.starts_with("c10/");
                const bool module = source.room == "models/torch" || source.room == "models/nn" ||
                                    source.room == "models/families";
                if (torch && !module) return "belongs to models/torch, nn or families";
                if (include == "torch/torch.h") return "is too large for any file";
                if (include == "torch/script.h" && source.name != kScriptFile) {
                  return "costs many seconds; it belongs to " + kScriptFile;
                }
                return "";
              }),
              IsEmpty());
}

TEST(Structure, HeadersDoNotPassOnParsersOfJson) {
  EXPECT_THAT(offenders([](const Source& source, const std::string& include) -> std::string {
                if (!source.is_header()) return "";
                if (include == "nlohmann/json.hpp") return "costs 2 s; headers take json_fwd.hpp";
                const bool reader = source.name == "harness/base/json_reader.h";
                return include == "simdjson.h" && !reader ? "belongs to json_reader.h" : "";
              }),
              IsEmpty());
  EXPECT_THAT(offenders([](const Source& source, const std::string& include) -> std::string {
                const bool passed_on =
                    source.is_header() && include == "harness/base/json_reader.h";
                return passed_on ? "is for .cpp files" : "";
              }),
              IsEmpty());
}

TEST(Structure, HeadersAreIncludedOnce) {
  for (const Source& source : sources()) {
    if (!source.is_header()) continue;
    EXPECT_TRUE(source.text.starts_with("#pragma once\n")) << source.name;
  }
}

TEST(Structure, FilesAndFoldersHaveNamesInSnakeCase) {
  static const std::regex snake("[a-z0-9_]+\\.(h|cpp)");
  for (const Source& source : sources()) {
    EXPECT_TRUE(std::regex_match(fs::path(source.name).filename().string(), snake)) << source.name;
  }
}

/// Texts of the repository that people read or tools run.
std::vector<fs::path> text_files() {
  const std::set<std::string> kinds = {".h",  ".cpp", ".txt", ".cmake", ".in",
                                       ".md", ".py",  ".yml", ".sh"};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kRoot)) {
    const std::string name = entry.path().filename().string();
    if (name == "build" || name == ".git" || name.starts_with("build-")) continue;
    if (entry.is_regular_file()) files.push_back(entry.path());
    if (!entry.is_directory()) continue;
    for (const auto& inner : fs::recursive_directory_iterator(entry.path())) {
      if (inner.is_regular_file() && kinds.contains(inner.path().extension().string())) {
        files.push_back(inner.path());
      }
    }
  }
  return files;
}

TEST(Structure, NoFileNamesAPlaceOfOneMachine) {
  // Put together, so that this file does not hold them.
  const std::string slash = "/";
  const std::vector<std::string> places = {slash + "work/", slash + "home/", slash + "root/",
                                           slash + "Users/", slash + "tmp/build"};
  for (const fs::path& file : text_files()) {
    const std::string text = read_file(file);
    for (const std::string& place : places) {
      for (std::size_t at = text.find(place); at != std::string::npos;
           at = text.find(place, at + 1)) {
        const bool starts_a_path = at == 0 || std::string_view(" \t\n\"'`(=:").find(text[at - 1]) !=
                                                  std::string_view::npos;
        EXPECT_FALSE(starts_a_path)
            << fs::relative(file, kRoot) << ": " << text.substr(at, text.find('\n', at) - at);
      }
    }
  }
}

TEST(Structure, NoFileHoldsAnUnfinishedNote) {
  const std::vector<std::string> notes = {std::string("TO") + "DO", std::string("FIX") + "ME",
                                          std::string("X") + "XX:", std::string("HA") + "CK:"};
  for (const Source& source : sources()) {
    for (const std::string& note : notes) {
      EXPECT_EQ(source.text.find(note), std::string::npos) << source.name << ": " << note;
    }
  }
}

TEST(Structure, FilesStayReadable) {
  for (const Source& source : sources()) {
    EXPECT_LT(std::count(source.text.begin(), source.text.end(), '\n'), 500) << source.name;
  }
}

}  // namespace
}  // namespace sightline
