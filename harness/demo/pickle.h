#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sightline::demo {

/// A Python pickle (protocol 2) of `value`: objects become dicts in their order, strings unicode,
/// integers int, other numbers float. What RefCOCO's refs(...).p files are made of.
/// Throws `Error` for a string of 4 GiB or more.
std::string to_pickle(const nlohmann::ordered_json& value);

}  // namespace sightline::demo
