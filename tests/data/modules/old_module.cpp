// A module of a version that this Sightline does not load.
namespace sightline {
class Registry;
}

extern "C" __attribute__((visibility("default"))) const char* sightline_module_interface() {
  return "sightline-module-0";
}
extern "C" __attribute__((visibility("default"))) void sightline_module_register(
    sightline::Registry&) {
  __builtin_trap();
}
