#include <cstdlib>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/engine/java_metrics.h"

namespace sightline {

std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string java_command(const std::filesystem::path& jar, std::string_view memory,
                         std::string_view arguments) {
  require_file(jar, "give the path of the program that you have installed");
  const std::filesystem::path file = std::filesystem::absolute(jar);
  const char* named = std::getenv("SIGHTLINE_JAVA");
  const std::string java = named != nullptr && *named != '\0' ? named : "java";
  return fmt::format("cd {} && exec {} -Xmx{} -jar {} {}", shell_word(file.parent_path().string()),
                     shell_word(java), memory, shell_word(file.string()), arguments);
}

std::string name_of_program(const std::filesystem::path& jar) {
  constexpr std::size_t kDigits = 12;
  return fmt::format("by {}, SHA-256 {}", jar.filename().string(),
                     sha256_of_file(jar).substr(0, kDigits));
}

}  // namespace sightline
