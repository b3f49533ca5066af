#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "results/published_number.h"
#include "results/report_columns.h"
#include "results/report_layout.h"

namespace sightline {

/// Whether `number` is of this task (whatever its options) and of a metric that it has.
bool stands_beside(const PublishedNumber& number, const TaskResult& task);
/// Whether it is so of a task of any run.
bool stands_beside(const PublishedNumber& number, const std::vector<RunResults>& runs);

/// Adds a table of the numbers of the columns' task to its block, beside the columns' own. Every
/// number has a mark, and every mark a note with the source, what is known to differ from the first
/// column's protocol, and what is unknown.
void add_published(const std::vector<ReportColumn>& columns,
                   const std::vector<PublishedNumber>& published, ReportBlock& block);

/// The fields of `protocol` that matter to `metric`: those named after other metrics of the task
/// ("rfid_weights" when the metric is psnr) do not.
nlohmann::json protocol_of_metric(const nlohmann::json& protocol, const TaskResult& task,
                                  const std::string& metric);

/// "textvqa_val" of "textvqa_val[ocr=on]".
std::string name_without_options(const std::string& task);

}  // namespace sightline
