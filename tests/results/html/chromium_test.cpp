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
  std::string dump(const std::string& html, const std::string& window = "1280,2000") {
    const fs::path file = folder_ / "page.html";
    write_file_atomically(file, html);
    const ProgramEnd end = testing::run_to_end(
        {browser_, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--user-data-dir=" + (folder_ / "profile").string(), "--window-size=" + window,
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

/// The page with a script that writes how wide it is into its title.
std::string measured(std::string html) {
  const std::size_t policy = html.find("<meta http-equiv");
  html.erase(policy, html.find('>', policy) + 1 - policy);
  const std::string script =
      "<script>document.title='width '+document.documentElement.scrollWidth+' of '+"
      "window.innerWidth</script>";
  return html.insert(html.find("</body>"), script);
}

TEST_F(Chromium, TheBodyIsNoWiderThanAPhone) {
  for (const HtmlReport& report : {testing::plain_report(), hostile_report()}) {
    const std::string tree = dump(measured(render_html(report)), "390,844");
    int width = 0, window = 0;
    const std::size_t title = tree.find("<title>width ");
    ASSERT_NE(title, std::string::npos);
    ASSERT_EQ(std::sscanf(tree.c_str() + title, "<title>width %d of %d", &width, &window), 2);
    EXPECT_LE(window, 500);
    EXPECT_LE(width, window);
  }
}

TEST_F(Chromium, ThePolicyStopsAScriptThatWouldBeInThePage) {
  std::string html = render_html(testing::plain_report());
  html.insert(html.find("</body>"), "<script>document.title='taken'</script>");
  EXPECT_THAT(dump(html), Not(HasSubstr("<title>taken")));
}

}  // namespace
}  // namespace sightline
