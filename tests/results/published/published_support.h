#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "results/published/published.h"
#include "tests/support/bad_json.h"
#include "tests/support/paths.h"

namespace sightline::testing {

/// A row that has every field.
inline nlohmann::json full_row() {
  return {{"id", "paligemma2/textvqa_val/textvqa_accuracy"},
          {"model", "PaliGemma 2"},
          {"variant", "3B, 224x224"},
          {"task", "TextVQA"},
          {"split", "validation (5 000)"},
          {"metric", "accuracy"},
          {"value", 60.04},
          {"unit", "%"},
          {"higher_is_better", true},
          {"source", "an article"},
          {"confidence", "read in source"},
          {"note", "a note"},
          {"task_key", "textvqa_val[ocr=off]"},
          {"metric_key", "textvqa_accuracy"},
          {"factor", 0.01},
          {"n", 5000},
          {"protocol", {{"split", "val"}}}};
}

/// Only what a row must have.
inline nlohmann::json small_row() {
  nlohmann::json row = full_row();
  for (const char* field :
       {"variant", "note", "task_key", "metric_key", "factor", "n", "protocol"}) {
    row.erase(field);
  }
  row["id"] = "small";
  return row;
}

inline std::vector<PublishedResult> read_rows(const nlohmann::json& rows) {
  const TemporaryFolder folder;
  write_text(folder / "own.json", nlohmann::json({{"rows", rows}}).dump());
  return read_published(folder / "own.json");
}

inline PublishedResult row_of(const nlohmann::json& row) {
  return read_rows(nlohmann::json::array({row})).at(0);
}

}  // namespace sightline::testing
