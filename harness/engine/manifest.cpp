#include "harness/engine/manifest.h"

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/base/parallel.h"

#ifndef SIGHTLINE_VERSION
#error "SIGHTLINE_VERSION comes from the build"
#endif

namespace sightline {

namespace {

using nlohmann::json;

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace

std::string version() {
  return SIGHTLINE_VERSION;
}

json describe_environment() {
  utsname system{};
  ::uname(&system);
  const auto memory =
      static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  return {{"version", version()},
          {"compiler", __VERSION__},
          {"build", SIGHTLINE_BUILD_TYPE},
          {"system", std::string(system.sysname) + " " + system.release + " " + system.machine},
          {"processor", processor_name()},
          {"threads", thread_count()},
          {"processors", std::thread::hardware_concurrency()},
          {"memory_bytes", memory},
          {"libraries", {{"sqlite", sqlite3_libversion()}}}};
}

json describe_usage(const JournalUsage& usage) {
  json fields = json::object();
  if (usage.seconds > 0) fields["model_seconds"] = usage.seconds;
  const auto add = [&](const std::string& name, std::int64_t tokens) {
    if (tokens == 0) return;
    fields[name] = tokens;
    if (usage.seconds > 0) {
      fields[name + "_per_second"] = static_cast<double>(tokens) / usage.seconds;
    }
  };
  add("prompt_tokens", usage.prompt_tokens);
  add("generated_tokens", usage.generated_tokens);
  return fields;
}

std::int64_t peak_memory_bytes() {
  // The kernel's record of this program alone: getrusage's begins with the memory of the process
  // that started it.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm calendar{};
  ::gmtime_r(&now, &calendar);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &calendar);
  return text;
}

}  // namespace sightline
