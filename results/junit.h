#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sightline {

/// `text` for XML 1.0 between tags: the five characters with a meaning as entities; characters that
/// XML does not have (section 2.2: most controls, U+FFFE, U+FFFF) are left out; what is no UTF-8 is
/// U+FFFD.
std::string xml_text(std::string_view text);
/// The same for an attribute, which keeps line breaks and tabs only as references (section 3.3.3).
std::string xml_attribute(std::string_view text);

enum class JunitOutcome { kPassed, kFailed, kError, kSkipped };

struct JunitCase {
  std::string name;
  JunitOutcome outcome = JunitOutcome::kPassed;
  std::string type;     ///< of a failure or an error, one word: "regression"
  std::string message;  ///< why it did not pass, a sentence
  std::string output;   ///< the numbers
};

struct JunitSuite {
  std::string name;
  std::vector<JunitCase> cases;
};

/// The XML that Jenkins, GitLab and GitHub's actions read: <testsuites>, a <testsuite> each, a
/// <testcase> with class name (the suite's), name and time (0: what was measured is no time), in it
/// <failure>, <error> or <skipped>, then <system-out>.
std::string render_junit(const std::string& name, const std::vector<JunitSuite>& suites);

}  // namespace sightline
