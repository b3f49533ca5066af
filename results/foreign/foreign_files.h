#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sightline {

/// Where lm-evaluation-harness and lmms-eval put the results of a run, and its samples beside them:
///   OUT/<model>/results_<date>.json   OUT/<model>/samples_<task>_<date>.jsonl
///   OUT/<model>/<date>_results.json   OUT/<model>/<date>_samples_<task>.jsonl
/// Other names are taken where the content is that of a results file.
struct ForeignFiles {
  std::filesystem::path results;
  std::string date;                ///< as in the file's name; "" where it has none
  std::vector<std::string> notes;  ///< that there were others
};

/// Whether the file holds results of one of the two harnesses: by content, or by its name where
/// that is broken. Files of Sightline's own are none.
bool is_foreign_results(const std::filesystem::path& file);

/// `given` is the results file, the folder with it, or the folder above that. Of several dates the
/// newest is taken. Throws `Error` where there is none, and where folders of several models are
/// there, naming them.
ForeignFiles find_foreign_files(const std::filesystem::path& given);

/// Throws `Error` where the file is missing, or there are several and no date says which.
std::filesystem::path samples_file(const ForeignFiles& files, const std::string& task);

}  // namespace sightline
