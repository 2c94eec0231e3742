// BALLAST_CHECK(condition) << "why": for what cannot happen. Logs the place and the text, then aborts.
#pragma once

#include <glog/logging.h>

#define BALLAST_CHECK(condition) CHECK(condition)
