#include "results/comparison/gate.h"
