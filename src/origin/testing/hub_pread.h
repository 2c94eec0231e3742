// Bytes of a Content by offset.
#pragma once

#include <cstdint>
#include <string>

#include "origin/testing/hub_content.h"

namespace ballast::hub {

// Up to `length` bytes from `offset`; fewer at the end, or where the file cannot be read any more.
std::string ReadContent(const Content& content, uint64_t offset, uint64_t length);

}  // namespace ballast::hub
