#include "harness/formats/safetensors.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {

namespace od = simdjson::ondemand;

namespace {

constexpr std::size_t kPrefix = sizeof(std::uint64_t);  // the size of the header
constexpr std::uint64_t kMaxHeader = 100'000'000;       // as the reference reader has it
constexpr std::string_view kMetadata = "__metadata__";

/// A tensor as the header has it.
struct Entry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // bytes behind the header
};

struct Header {
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

template <typename T>
T take(simdjson::simdjson_result<T> result, std::string_view what) {
  T value{};
  const simdjson::error_code error = std::move(result).get(value);
  require(error == simdjson::SUCCESS, "{}: {}", what, simdjson::error_message(error));
  return value;
}

std::string_view header_of(std::string_view file) {
  require(file.size() >= kPrefix, "the file ends after {} bytes, before its header", file.size());
  std::uint64_t size = 0;
  std::memcpy(&size, file.data(), kPrefix);
  require(size <= kMaxHeader,
          "the header is said to have {} bytes, more than the {} that are allowed; no safetensors "
          "file, or damaged",
          size, kMaxHeader);
  require(size <= file.size() - kPrefix,
          "the header is said to have {} bytes, but the file ends after {}; copy the file again",
          size, file.size());
  const std::string_view header = file.substr(kPrefix, static_cast<std::size_t>(size));
  require(header.starts_with('{'), "the header does not begin with '{{'");
  return header;
}

std::vector<std::uint64_t> read_integers(od::value value, std::string_view what) {
  std::vector<std::uint64_t> integers;
  for (auto item : take(value.get_array(), what)) {
    integers.push_back(take(take(std::move(item), what).get_uint64(), what));
  }
  return integers;
}

DType read_dtype(od::value value) {
  const auto name = take(value.get_string(), "the dtype");
  const std::optional<DType> dtype = find_dtype(name);
  require(dtype.has_value(), "the dtype '{}' is not known", name);
  return *dtype;
}

std::vector<std::int64_t> read_shape(od::value value) {
  std::vector<std::int64_t> shape;
  for (const std::uint64_t size : read_integers(value, "the shape")) {
    require(size <= static_cast<std::uint64_t>(INT64_MAX), "the shape has a size of {}", size);
    shape.push_back(static_cast<std::int64_t>(size));
  }
  return shape;
}

Entry read_entry(std::string name, od::value value) {
  enum Field : unsigned { kDType = 1, kShape = 2, kOffsets = 4, kAll = 7 };
  Entry entry;
  entry.name = std::move(name);
  unsigned seen = 0;
  const auto see = [&](Field field, std::string_view key) {
    require((seen & field) == 0, "'{}' stands twice", key);
    seen |= field;
  };
  for (auto item : take(value.get_object(), "the entry")) {
    auto field = take(std::move(item), "the entry");
    const std::string_view key = take(field.unescaped_key(), "the entry");
    if (key == "dtype") {
      see(kDType, key);
      entry.dtype = read_dtype(field.value());
    } else if (key == "shape") {
      see(kShape, key);
      entry.shape = read_shape(field.value());
    } else if (key == "data_offsets") {
      see(kOffsets, key);
      const auto offsets = read_integers(field.value(), "data_offsets");
      require(offsets.size() == 2, "data_offsets has {} numbers, want 2", offsets.size());
      entry.begin = offsets[0];
      entry.end = offsets[1];
    }
  }
  require(seen == kAll, "a field is missing, want dtype, shape and data_offsets");
  return entry;
}

std::map<std::string, std::string> read_metadata(od::value value) {
  std::map<std::string, std::string> metadata;
  for (auto item : take(value.get_object(), kMetadata)) {
    auto field = take(std::move(item), kMetadata);
    const std::string key(take(field.unescaped_key(), kMetadata));
    metadata[key] = take(field.value().get_string(), kMetadata);
  }
  return metadata;
}

/// `text` is followed by at least SIMDJSON_PADDING readable bytes.
Header parse_header(std::string_view text) {
  constexpr std::string_view kWhat = "the header is no JSON";
  od::parser parser;
  od::document document;
  const simdjson::padded_string_view padded(text.data(), text.size(),
                                            text.size() + simdjson::SIMDJSON_PADDING);
  document = take(parser.iterate(padded), kWhat);
  Header header;
  std::unordered_set<std::string> names;
  for (auto item : take(document.get_object(), kWhat)) {
    auto field = take(std::move(item), kWhat);
    std::string name(take(field.unescaped_key(), kWhat));
    require(names.insert(name).second, "the name '{}' stands twice in the header", name);
    if (name == kMetadata) {
      header.metadata = read_metadata(field.value());
    } else {
      with_context([&] { return fmt::format("reading tensor '{}'", name); },
                   [&] { header.entries.push_back(read_entry(name, field.value())); });
    }
  }
  require(document.current_location().error() == simdjson::OUT_OF_BOUNDS,
          "more follows behind the JSON object of the header");
  return header;
}

/// Checks that the entries, in the order of their bytes, cover `size` bytes without gap or overlap
/// and that each has as many as its shape and dtype say.
void check_places(const std::vector<Entry>& entries, std::uint64_t size) {
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    const std::string where =
        fmt::format("tensor '{}' (bytes {} to {})", entry.name, entry.begin, entry.end);
    require(entry.begin <= entry.end, "{} ends before it begins", where);
    require(entry.end <= size, "{} lies outside the {} bytes of data in the file{}", where, size,
            entry.begin <= size ? "; the file is cut: copy it again" : "");
    require(entry.begin >= end, "{} overlaps the tensor before it, which ends at {}", where, end);
    require(entry.begin == end, "{} leaves a gap behind the tensor before it, which ends at {}",
            where, end);
    const auto count = element_count(entry.shape);
    const std::uint64_t width = size_of(entry.dtype);
    const std::uint64_t bytes = entry.end - entry.begin;
    require(count.has_value() && bytes % width == 0 && bytes / width == *count,
            "{} has {} bytes, which its shape {} and dtype {} do not make", where, bytes,
            shape_text(entry.shape), name_of(entry.dtype));
    end = entry.end;
  }
  require(end == size, "the tensors end at byte {} of the data, but {} are there", end, size);
}

nlohmann::ordered_json header_json(std::span<const NamedTensor* const> tensors,
                                   const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  for (const auto& [key, value] : metadata) {
    require(is_utf8(key) && is_utf8(value), "the metadata '{}' are not UTF-8", key);
    header[kMetadata][key] = value;
  }
  std::size_t end = 0;
  std::unordered_set<std::string_view> names = {kMetadata};
  for (const NamedTensor* tensor : tensors) {
    require(is_utf8(tensor->name) && names.insert(tensor->name).second,
            "'{}' cannot be the name of a tensor: given twice, reserved, or not UTF-8",
            tensor->name);
    require_size(tensor->view);
    const std::size_t begin = std::exchange(end, end + tensor->view.bytes.size());
    header[tensor->name] = {{"dtype", name_of(tensor->view.dtype)},
                            {"shape", tensor->view.shape},
                            {"data_offsets", {begin, end}}};
  }
  return header;
}

}  // namespace

TensorTable read_safetensors(std::shared_ptr<const MappedFile> file) {
  const auto where = [&] { return "reading the safetensors file " + file->path().string(); };
  return with_context(where, [&] {
    const std::string_view text = header_of(file->bytes());
    Header header = parse_header(text);
    std::ranges::stable_sort(header.entries, {}, [](const Entry& entry) {
      return std::array{entry.begin, entry.end};
    });
    const std::string_view data = file->bytes().substr(kPrefix + text.size());
    check_places(header.entries, data.size());
    const auto bytes = std::as_bytes(std::span(data));
    TensorTable table;
    for (Entry& entry : header.entries) {
      table.tensors.push_back({std::move(entry.name),
                               {entry.dtype, std::move(entry.shape),
                                bytes.subspan(entry.begin, entry.end - entry.begin)}});
    }
    table.metadata = std::move(header.metadata);
    table.files.push_back(file);
    return table;
  });
}

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<const NamedTensor*> ordered;
  for (const NamedTensor& tensor : tensors) ordered.push_back(&tensor);
  std::ranges::stable_sort(ordered, std::greater<>(),
                           [](const NamedTensor* tensor) { return size_of(tensor->view.dtype); });
  std::string header = header_json(ordered, metadata).dump();
  header.append((kPrefix - header.size() % kPrefix) % kPrefix, ' ');
  const std::uint64_t size = header.size();
  AtomicFile file(path);
  file.write({reinterpret_cast<const char*>(&size), kPrefix});
  file.write(header);
  for (const NamedTensor* tensor : ordered) {
    const auto bytes = tensor->view.bytes;
    file.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  file.commit();
}

}  // namespace sightline
