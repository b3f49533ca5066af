#include "metrics/decision/sequential.h"
