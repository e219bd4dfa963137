#include "node/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace gossip::node {

std::string read_file(const std::string& path, const std::function<bool(std::string_view piece)>& take) {
  const bool standard_input = path == "-";
  const int file = standard_input ? 0 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::vector<char> buffer(1 << 16);
  ssize_t n = file < 0 ? -1 : 1;
  while (n > 0 || (n < 0 && errno == EINTR)) {
    n = ::read(file, buffer.data(), buffer.size());
    if (n > 0 && !take({buffer.data(), static_cast<std::size_t>(n)})) break;
  }
  const std::string problem = n < 0 ? std::string("cannot be read: ") + std::strerror(errno) : "";
  if (file > 0) ::close(file);
  return problem;
}

bool write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace gossip::node
