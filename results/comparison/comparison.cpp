#include "results/comparison/comparison.h"
