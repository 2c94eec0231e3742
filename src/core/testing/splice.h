// For fuzz targets of texts that have a form: bytes put into a good example get deeper than bytes alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ballast {

// The fuzzer's bytes as they are, or with `example` around them: bytes 1-2 say where they stand in it, byte 3 how many
// of its own they replace.
inline std::string FuzzInput(const uint8_t* data, size_t size, std::string_view example) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size < 4 || data[0] % 4 == 0) return std::string(bytes);
  const size_t at = (data[1] * size_t{256} + data[2]) % (example.size() + 1);
  const size_t end = std::min<size_t>(at + data[3], example.size());
  return std::string(example.substr(0, at)) + std::string(bytes.substr(4)) + std::string(example.substr(end));
}

}  // namespace ballast
