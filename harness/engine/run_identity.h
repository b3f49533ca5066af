#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "harness/engine/run.h"

namespace sightline {

/// What makes two runs the same: model, arguments, precision, seed, decoding, the choice of
/// samples. Device, threads and batch size are not among it.
nlohmann::json run_identity(const RunSettings& settings);
/// The identity of one task of a run: its protocol, its data, and what the model says of itself.
nlohmann::json task_identity(const Task& task, const ModelInfo& info, const BoxGeometry& geometry);

nlohmann::json describe_model(const ModelInfo& info);
/// The journal's note that says where a task's files were.
std::string sources_note(const std::string& task);
nlohmann::json describe_sources(const TaskSources& sources);
TaskSources read_sources(const nlohmann::json& description);

/// `--gen_kwargs max_new_tokens=N`, checked; no value where it is not given.
std::optional<int> max_new_tokens(const std::map<std::string, std::string>& gen_kwargs);
/// Puts the decoding settings into the task's protocol.
void apply_decoding(const RunSettings& settings, Task& task);

/// A task's name as part of a file name: "textvqa_val[ocr=on]" -> "textvqa_val_ocr_on".
std::string file_name_of(const std::string& task);

/// Throws `UsageError` unless "N" or "P%".
void check_max_errors(const std::string& max_errors);

}  // namespace sightline
