#include <ATen/ATen.h>
namespace sightline {
at::Tensor probe() {
  return at::ones({2, 2});
}
}  // namespace sightline
