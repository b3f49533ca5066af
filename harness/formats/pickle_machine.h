#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/formats/pickle.h"

namespace sightline {

/// The stack machine a pickle is written for, as far as plain data go: it fills tables of texts and
/// containers, which may refer to each other in any way, and turns them into values at the end.
/// Objects are containers too: of what was said about them. One use: construct, `run`.
class PickleMachine {
 public:
  /// `bytes` and `rules` must outlive the machine.
  PickleMachine(std::string_view bytes, const PickleRules& rules) : bytes_(bytes), rules_(rules) {}

  /// The value at the STOP opcode. Throws `Error` as `read_pickle` does.
  PickleValue run();

 private:
  struct TextId {
    std::uint32_t index;
  };
  struct ContainerId {
    std::uint32_t index;
  };
  using Cell = std::variant<std::monostate, bool, std::int64_t, double, TextId, ContainerId>;

  enum class Shape { kList, kTuple, kDictionary, kGlobal, kCall, kReference };
  struct Container {
    Shape shape = Shape::kList;
    // A dictionary's: key, value, key, value ... A global's: its name. A call's: the global, the
    // tuple of arguments, the state, then items as a dictionary's. A reference's: the id.
    std::vector<Cell> cells;
    std::size_t height = 0;  // levels of containers, itself counted; 0 before `value`
    bool open = false;       // its own cells are being converted
    PickleValue value;
  };

  void step();
  // Each executes the opcode when it belongs to its group, else returns false.
  bool run_scalar();
  bool run_text();
  bool run_container();
  bool run_filling();
  bool run_memo();
  bool run_structure();
  bool run_object();
  /// `global` is what it names, when that is known.
  [[noreturn]] void refuse(std::string_view global) const;

  std::string global_ahead() const;
  void push_global(std::string global);
  void call();
  void set_state();

  std::string_view take(std::uint64_t count);
  std::string_view take_line();
  std::uint64_t take_unsigned(std::size_t bytes);
  std::string_view take_sized(std::size_t bytes_of_size);

  void push(Cell cell) { stack_.push_back(cell); }
  void push_text(std::string text);
  void push_utf8(std::string_view text);
  void push_container(Shape shape, std::vector<Cell> cells);
  Cell& top();
  Cell pop();
  std::vector<Cell> pop_count(std::size_t count);
  std::vector<Cell> pop_to_mark();
  void extend(Shape shape, const std::vector<Cell>& cells);
  void remember(std::uint64_t key);
  void recall(std::uint64_t key);

  const Container* container_of(const Cell& cell, Shape shape) const;
  PickleValue value_of(const Cell& cell, std::size_t depth);
  const Container& convert(ContainerId id, std::size_t depth);
  static PickleValue make_value(Shape shape, std::vector<PickleValue> values);

  std::string_view bytes_;
  const PickleRules& rules_;
  std::size_t at_ = 0;         // the next byte
  std::size_t opcode_at_ = 0;  // the opcode being executed
  unsigned char opcode_ = 0;
  bool stopped_ = false;
  std::vector<Cell> stack_;
  std::vector<std::size_t> marks_;  // sizes of the stack
  std::vector<std::optional<Cell>> memo_;
  std::size_t remembered_ = 0;  // memo numbers in use
  std::vector<std::shared_ptr<const std::string>> texts_;
  std::vector<Container> containers_;
};

}  // namespace sightline
