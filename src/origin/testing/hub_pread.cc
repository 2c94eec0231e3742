#include "origin/testing/hub_pread.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace ballast::hub {

std::string ReadContent(const Content& content, uint64_t offset, uint64_t length) {
  if (content.bytes) return offset < content.bytes->size() ? content.bytes->substr(offset, length) : "";
  UniqueFd file(::open(content.source.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out(file.valid() ? length : 0, '\0');
  uint64_t got = 0;
  while (got < out.size()) {
    ssize_t n = ::pread(file.get(), out.data() + got, out.size() - got, static_cast<off_t>(offset + got));
    if (n <= 0) break;
    got += static_cast<uint64_t>(n);
  }
  out.resize(got);
  return out;
}

}  // namespace ballast::hub
