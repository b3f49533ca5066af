// The page as a browser sees it. Skipped where none is installed; SIGHTLINE_CHROMIUM names one that
// is not in PATH.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "harness/base/file.h"
#include "results/html/html_report.h"
#include "tests/results/html/page_support.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::hostile_report;
using ::testing::Not;
using testing::ProgramEnd;
using testing::TemporaryFolder;

/// The browser's program; "" where there is none.
std::string find_browser() {
  if (const char* named = std::getenv("SIGHTLINE_CHROMIUM")) return named;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
      if (fs::exists(fs::path(folder) / name)) return (fs::path(folder) / name).string();
    }
  }
  return "";
}

class Chromium : public ::testing::Test {
 protected:
  void SetUp() override {
    browser_ = find_browser();
    if (browser_.empty()) GTEST_SKIP() << "needs Chromium, which is not installed";
  }

  /// The tree of elements after the page was loaded, as HTML.
  std::string dump(const std::string& html) {
    const fs::path file = folder_ / "page.html";
    write_file_atomically(file, html);
    const ProgramEnd end = testing::run_to_end(
        {browser_, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--user-data-dir=" + (folder_ / "profile").string(), "--window-size=1280,2000",
         "--virtual-time-budget=2000", "--dump-dom", "file://" + file.string()});
    EXPECT_EQ(end.exit_code, 0) << end.err;
    return end.out;
  }

 private:
  TemporaryFolder folder_;
  std::string browser_;
};

std::size_t count(const std::string& text, const std::string& piece) {
  std::size_t found = 0;
  for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++found;
  }
  return found;
}

TEST_F(Chromium, NoElementOfAHostileTextComesToLife) {
  const std::string html = render_html(hostile_report());
  const std::string tree = dump(html);
  ASSERT_THAT(tree, HasSubstr("</html>"));
  EXPECT_THAT(tree, Not(HasSubstr("<script")));
  EXPECT_THAT(tree, Not(HasSubstr("<iframe")));
  EXPECT_THAT(tree, Not(HasSubstr("<img")));
  EXPECT_THAT(tree, Not(HasSubstr("<title>taken")));
  for (const char* element : {"<article", "<blockquote", "<svg", "<style", "<section", "<main"}) {
    EXPECT_EQ(count(tree, element), count(html, element)) << element;
  }
}

/// A page that shows `html` in a frame of `width` pixels, since a window has a least width, and
/// writes how wide the inner page is into its title.
std::string framed(std::string html, int width) {
  const std::size_t policy = html.find("<meta http-equiv");
  html.erase(policy, html.find('>', policy) + 1 - policy);
  html.insert(html.find("</body>"),
              "<script>parent.postMessage('width '+document.documentElement.scrollWidth+' of '+"
              "innerWidth,'*')</script>");
  std::string quoted;
  for (const char c : html) quoted += c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  return "<!DOCTYPE html><title>none</title><script>onmessage=e=>document.title=e.data</script>"
         "<iframe style=\"border:0;height:800px;width:" +
         std::to_string(width) + "px\" srcdoc=\"" + quoted + "\"></iframe>";
}

/// The widths of the page and of its frame.
std::pair<int, int> widths(const std::string& tree) {
  std::pair<int, int> found;
  const std::size_t title = tree.find("<title>width ");
  if (title == std::string::npos || std::sscanf(tree.c_str() + title, "<title>width %d of %d",
                                                &found.first, &found.second) != 2) {
    ADD_FAILURE() << "the page was not measured: " << tree.substr(0, 200);
  }
  return found;
}

TEST_F(Chromium, TheBodyIsNoWiderThanAPhone) {
  constexpr int kPhone = 390;
  for (const HtmlReport& report : {testing::plain_report(), hostile_report()}) {
    const auto [page, frame] = widths(dump(framed(render_html(report), kPhone)));
    EXPECT_EQ(frame, kPhone);
    EXPECT_LE(page, kPhone);
  }
  std::string wide = render_html(testing::plain_report());
  wide.insert(wide.find("<main>"), "<p style=\"width:900px\">wide</p>");
  EXPECT_GE(widths(dump(framed(wide, kPhone))).first, 900) << "what is too wide is found";
}

TEST_F(Chromium, ThePolicyStopsAScriptThatWouldBeInThePage) {
  std::string html = render_html(testing::plain_report());
  html.insert(html.find("</body>"), "<script>document.title='taken'</script>");
  EXPECT_THAT(dump(html), Not(HasSubstr("<title>taken")));
}

}  // namespace
}  // namespace sightline
