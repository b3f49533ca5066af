#pragma once

#include <string>
#include <utility>

#include "harness/base/error.h"

namespace sightline::testing {

/// What an `Error` thrown by `work` says, with its context; "no error" when it throws none.
template <typename Work>
std::string error_of(Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace sightline::testing
