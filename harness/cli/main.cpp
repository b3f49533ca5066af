#include "harness/cli/program.h"

int main(int argc, char** argv) {
  return sightline::run_program(argc, argv);
}
