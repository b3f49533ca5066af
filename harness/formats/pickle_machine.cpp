#include "harness/formats/pickle_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/formats/pickle_literals.h"
#include "harness/formats/pickle_opcodes.h"

namespace sightline {

namespace {

constexpr std::size_t kMaxDepth = 200;
constexpr std::uint64_t kNewestProtocol = 5;

std::string describe(unsigned char opcode) {
  const PickleOpcode* known = find_pickle_opcode(opcode);
  return known == nullptr ? fmt::format("0x{:02x}", opcode) : std::string(known->name);
}

/// `values` are key, value, key, value ...
PickleValue::Dictionary dictionary_of(std::span<const PickleValue> values) {
  using Key = std::variant<std::int64_t, std::string_view>;
  std::map<Key, std::size_t> places;
  PickleValue::Dictionary entries;
  entries.reserve(values.size() / 2);
  for (std::size_t i = 0; i < values.size(); i += 2) {
    const PickleValue& key = values[i];
    require(key.is_text() || key.is_integer(),
            "a key of a dictionary in the pickle is {}, expected a text or an integer",
            key.type_name());
    const auto [place, is_new] = places.try_emplace(
        key.is_text() ? Key(std::string_view(key.text())) : Key(key.integer()), entries.size());
    if (is_new) {
      entries.emplace_back(key, values[i + 1]);
    } else {
      entries[place->second].second = values[i + 1];
    }
  }
  return entries;
}

}  // namespace

PickleValue PickleMachine::run() {
  require(!bytes_.empty(), "the pickle is empty");
  while (!stopped_) {
    require(at_ < bytes_.size(), "the pickle ends after {} bytes, before its STOP opcode",
            bytes_.size());
    opcode_at_ = at_;
    opcode_ = static_cast<unsigned char>(bytes_[at_++]);
    with_context(
        [&] {
          return fmt::format("running pickle opcode {} at byte {}", describe(opcode_), opcode_at_);
        },
        [&] { step(); });
  }
  return value_of(stack_.back(), 0);
}

void PickleMachine::step() {
  if (run_memo() || run_text() || run_scalar() || run_filling() || run_container() ||
      run_structure() || run_object()) {
    return;
  }
  refuse(opcode_ == 'c' || opcode_ == 'i' ? global_ahead() : "");
}

bool PickleMachine::run_scalar() {
  switch (opcode_) {
    case 'N':
      return push({}), true;
    case 0x88:
    case 0x89:
      return push(opcode_ == 0x88), true;
    case 'I': {
      const std::string_view line = take_line();  // protocol 0 writes booleans as 00 and 01
      const bool boolean = line == "00" || line == "01";
      return push(boolean ? Cell(line == "01") : Cell(parse_decimal_integer(line))), true;
    }
    case 'L': {
      std::string_view line = take_line();
      if (line.ends_with('L')) line.remove_suffix(1);
      return push(parse_decimal_integer(line)), true;
    }
    case 'J':
      return push(parse_two_complement(take(4))), true;
    case 'K':
    case 'M':
      return push(static_cast<std::int64_t>(take_unsigned(opcode_ == 'K' ? 1 : 2))), true;
    case 0x8a:
    case 0x8b:
      return push(parse_two_complement(take_sized(opcode_ == 0x8a ? 1 : 4))), true;
    case 'F':
      return push(parse_real(take_line())), true;
    case 'G':
      return push(parse_big_endian_real(take(8))), true;
    default:
      return false;
  }
}

bool PickleMachine::run_text() {
  switch (opcode_) {
    case 'S':
      return push_text(parse_quoted_literal(take_line())), true;
    case 'V':
      return push_text(parse_raw_unicode(take_line())), true;
    case 'U':  // one byte of size
    case 'C':
      return push_text(text_of_byte_string(take_sized(1))), true;
    case 'T':  // four bytes of size
    case 'B':
      return push_text(text_of_byte_string(take_sized(4))), true;
    case 0x8e:
      return push_text(text_of_byte_string(take_sized(8))), true;
    case 0x8c:
      return push_utf8(take_sized(1)), true;
    case 'X':
      return push_utf8(take_sized(4)), true;
    case 0x8d:
      return push_utf8(take_sized(8)), true;
    default:
      return false;
  }
}

bool PickleMachine::run_container() {
  switch (opcode_) {
    case ']':
      return push_container(Shape::kList, {}), true;
    case '}':
      return push_container(Shape::kDictionary, {}), true;
    case ')':
      return push_container(Shape::kTuple, {}), true;
    case 'l':
      return push_container(Shape::kList, pop_to_mark()), true;
    case 't':
      return push_container(Shape::kTuple, pop_to_mark()), true;
    case 'd': {
      std::vector<Cell> cells = pop_to_mark();
      push_container(Shape::kDictionary, {});
      return extend(Shape::kDictionary, cells), true;
    }
    case 0x85:
    case 0x86:
    case 0x87:
      return push_container(Shape::kTuple, pop_count(opcode_ - std::size_t{0x84})), true;
    default:
      return false;
  }
}

bool PickleMachine::run_filling() {
  switch (opcode_) {
    case 'a':
      return extend(Shape::kList, pop_count(1)), true;
    case 'e':
      return extend(Shape::kList, pop_to_mark()), true;
    case 's':
      return extend(Shape::kDictionary, pop_count(2)), true;
    case 'u':
      return extend(Shape::kDictionary, pop_to_mark()), true;
    default:
      return false;
  }
}

bool PickleMachine::run_memo() {
  const auto line_key = [&] {
    return static_cast<std::uint64_t>(parse_decimal_integer(take_line()));
  };
  switch (opcode_) {
    case 'q':
      return remember(take_unsigned(1)), true;
    case 'r':
      return remember(take_unsigned(4)), true;
    case 'p':
      return remember(line_key()), true;
    case 0x94:
      return remember(remembered_), true;
    case 'h':
      return recall(take_unsigned(1)), true;
    case 'j':
      return recall(take_unsigned(4)), true;
    case 'g':
      return recall(line_key()), true;
    default:
      return false;
  }
}

bool PickleMachine::run_structure() {
  switch (opcode_) {
    case 0x80: {
      const std::uint64_t protocol = take_unsigned(1);
      require(protocol <= kNewestProtocol, "protocol {} is not known; up to {} are read", protocol,
              kNewestProtocol);
      return true;
    }
    case 0x95: {
      const std::uint64_t size = take_unsigned(8);
      require(size <= bytes_.size() - at_, "a frame of {} bytes, but only {} follow", size,
              bytes_.size() - at_);
      return true;
    }
    case '(':
      return marks_.push_back(stack_.size()), true;
    case '0':
      if (!marks_.empty() && marks_.back() == stack_.size()) return marks_.pop_back(), true;
      return static_cast<void>(pop()), true;
    case '1':
      return static_cast<void>(pop_to_mark()), true;
    case '2':
      return push(Cell(top())), true;
    case '.':
      require(stack_.size() == 1 && marks_.empty(),
              "{} values and {} marks are on the stack, expected one value", stack_.size(),
              marks_.size());
      return stopped_ = true;
    default:
      return false;
  }
}

bool PickleMachine::run_object() {
  if (!rules_.allows) return false;
  switch (opcode_) {
    case 'c': {
      std::string global = global_ahead();
      take_line();
      take_line();
      return push_global(std::move(global)), true;
    }
    case 0x93: {
      const std::vector<Cell> cells = pop_count(2);
      const auto *module = std::get_if<TextId>(&cells[0]), *name = std::get_if<TextId>(&cells[1]);
      require(module != nullptr && name != nullptr, "a name is needed, but it is no text");
      return push_global(*texts_[module->index] + "." + *texts_[name->index]), true;
    }
    case 'R':
      return call(), true;
    case 'b':
      return set_state(), true;
    case 'Q':
      if (!rules_.references) return false;
      return push_container(Shape::kReference, pop_count(1)), true;
    default:
      return false;
  }
}

void PickleMachine::push_global(std::string global) {
  if (!rules_.allows(global)) refuse(global);
  push_text(std::move(global));
  push_container(Shape::kGlobal, pop_count(1));
}

void PickleMachine::call() {
  const std::vector<Cell> cells = pop_count(2);
  require(container_of(cells[0], Shape::kGlobal) != nullptr, "what is called is no function");
  require(container_of(cells[1], Shape::kTuple) != nullptr, "the arguments are no tuple");
  push_container(Shape::kCall, {cells[0], cells[1], Cell()});
}

void PickleMachine::set_state() {
  const Cell state = pop();
  require(container_of(top(), Shape::kCall) != nullptr, "what is given a state is no object");
  containers_[std::get<ContainerId>(top()).index].cells[2] = state;
}

void PickleMachine::refuse(std::string_view global) const {
  const PickleOpcode* known = find_pickle_opcode(opcode_);
  require(known != nullptr, "byte 0x{:02x} at {} is no pickle opcode: no pickle, or damaged",
          opcode_, opcode_at_);
  const std::string name = global.empty() ? "" : fmt::format(" ('{}')", global);
  fail("opcode {}{} at byte {} {}; {}", known->name, name, opcode_at_, reason_of(known->refusal),
       rules_.advice);
}

std::string PickleMachine::global_ahead() const {
  constexpr std::size_t kMostBytes = 200;
  const std::string_view rest = bytes_.substr(at_, kMostBytes);
  const std::size_t first = rest.find('\n');
  const std::size_t second = first == rest.npos ? rest.npos : rest.find('\n', first + 1);
  if (second == rest.npos || !is_utf8(rest.substr(0, second))) return "";
  return fmt::format("{}.{}", rest.substr(0, first), rest.substr(first + 1, second - first - 1));
}

std::string_view PickleMachine::take(std::uint64_t count) {
  require(count <= bytes_.size() - at_, "{} bytes should follow, but the pickle ends after {}",
          count, bytes_.size() - at_);
  const std::string_view taken = bytes_.substr(at_, static_cast<std::size_t>(count));
  at_ += taken.size();
  return taken;
}

std::string_view PickleMachine::take_line() {
  const std::size_t end = bytes_.find('\n', at_);
  require(end != bytes_.npos, "the pickle ends inside a line");
  const std::string_view line = take(end - at_);
  ++at_;
  return line;
}

std::uint64_t PickleMachine::take_unsigned(std::size_t bytes) {
  return parse_unsigned(take(bytes));
}

std::string_view PickleMachine::take_sized(std::size_t bytes_of_size) {
  return take(take_unsigned(bytes_of_size));
}

void PickleMachine::push_text(std::string text) {
  texts_.push_back(std::make_shared<const std::string>(std::move(text)));
  push(TextId{static_cast<std::uint32_t>(texts_.size() - 1)});
}

void PickleMachine::push_utf8(std::string_view text) {
  require(is_utf8(text), "a text of {} bytes is not UTF-8", text.size());
  push_text(std::string(text));
}

void PickleMachine::push_container(Shape shape, std::vector<Cell> cells) {
  Container& container = containers_.emplace_back();
  container.shape = shape;
  container.cells = std::move(cells);
  push(ContainerId{static_cast<std::uint32_t>(containers_.size() - 1)});
}

PickleMachine::Cell& PickleMachine::top() {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  require(stack_.size() > floor, "a value is needed, but the stack is empty");
  return stack_.back();
}

PickleMachine::Cell PickleMachine::pop() {
  const Cell cell = top();
  stack_.pop_back();
  return cell;
}

std::vector<PickleMachine::Cell> PickleMachine::pop_count(std::size_t count) {
  std::vector<Cell> cells(count);
  for (std::size_t i = count; i-- > 0;) cells[i] = pop();
  return cells;
}

std::vector<PickleMachine::Cell> PickleMachine::pop_to_mark() {
  require(!marks_.empty(), "a mark is needed, but there is none");
  const auto mark = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<Cell> cells(mark, stack_.end());
  stack_.erase(mark, stack_.end());
  marks_.pop_back();
  return cells;
}

void PickleMachine::extend(Shape shape, const std::vector<Cell>& cells) {
  const bool is_call = shape == Shape::kDictionary && container_of(top(), Shape::kCall) != nullptr;
  require(is_call || container_of(top(), shape) != nullptr, "what is to be filled is no {}",
          shape == Shape::kList ? "list" : "dictionary");
  require(shape == Shape::kList || cells.size() % 2 == 0,
          "{} values for a dictionary, expected pairs", cells.size());
  std::vector<Cell>& all = containers_[std::get<ContainerId>(top()).index].cells;
  all.insert(all.end(), cells.begin(), cells.end());
}

void PickleMachine::remember(std::uint64_t key) {
  require(key <= bytes_.size(), "memo number {} in a pickle of {} bytes", key, bytes_.size());
  const auto index = static_cast<std::size_t>(key);
  if (index >= memo_.size()) memo_.resize(index + 1);
  remembered_ += memo_[index].has_value() ? 0 : 1;
  memo_[index] = top();
}

void PickleMachine::recall(std::uint64_t key) {
  require(key < memo_.size() && memo_[static_cast<std::size_t>(key)].has_value(),
          "memo number {} is read before it is written", key);
  push(*memo_[static_cast<std::size_t>(key)]);
}

const PickleMachine::Container* PickleMachine::container_of(const Cell& cell, Shape shape) const {
  const auto* id = std::get_if<ContainerId>(&cell);
  return id != nullptr && containers_[id->index].shape == shape ? &containers_[id->index] : nullptr;
}

PickleValue PickleMachine::value_of(const Cell& cell, std::size_t depth) {
  if (const auto* boolean = std::get_if<bool>(&cell)) return PickleValue(*boolean);
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return PickleValue(*integer);
  if (const auto* real = std::get_if<double>(&cell)) return PickleValue(*real);
  if (const auto* text = std::get_if<TextId>(&cell)) return PickleValue(texts_[text->index]);
  if (const auto* id = std::get_if<ContainerId>(&cell)) return convert(*id, depth).value;
  return {};
}

const PickleMachine::Container& PickleMachine::convert(ContainerId id, std::size_t depth) {
  Container& container = containers_[id.index];
  if (container.height > 0) return container;
  require(!container.open, "a list or dictionary of the pickle contains itself");
  require(depth < kMaxDepth, "the pickle nests deeper than {} levels", kMaxDepth);
  container.open = true;
  std::vector<PickleValue> values;
  values.reserve(container.cells.size());
  std::size_t height = 0;
  for (const Cell& cell : container.cells) {
    values.push_back(value_of(cell, depth + 1));
    const auto* inner = std::get_if<ContainerId>(&cell);
    if (inner != nullptr) height = std::max(height, containers_[inner->index].height);
  }
  require(height < kMaxDepth, "the pickle nests deeper than {} levels", kMaxDepth);
  container.value = make_value(container.shape, std::move(values));
  container.height = height + 1;
  container.open = false;
  return container;
}

PickleValue PickleMachine::make_value(Shape shape, std::vector<PickleValue> values) {
  using Kind = PickleObject::Kind;
  switch (shape) {
    case Shape::kList:
    case Shape::kTuple:
      return PickleValue(std::move(values));
    case Shape::kDictionary:
      return PickleValue(dictionary_of(values));
    case Shape::kGlobal:
      return PickleValue(PickleObject{.kind = Kind::kGlobal, .global = values[0].text()});
    case Shape::kCall:
      return PickleValue(PickleObject{.kind = Kind::kCall,
                                      .global = values[0].object().global,
                                      .arguments = values[1].list(),
                                      .items = dictionary_of(std::span(values).subspan(3)),
                                      .state = values[2]});
    case Shape::kReference:
      return PickleValue(PickleObject{.kind = Kind::kReference, .arguments = std::move(values)});
  }
  return {};
}

}  // namespace sightline
