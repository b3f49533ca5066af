// A shared library that is no module.
extern "C" __attribute__((visibility("default"))) int answer_of_a_foreign_library() {
  return 42;
}
