#include "metrics/decision/difference.h"
