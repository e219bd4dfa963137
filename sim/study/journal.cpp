#include "sim/study/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "sim/scenario/input_error.hpp"

namespace gossip::sim {

Journal::Journal(const std::string& file, const std::string& first_line)
    : file_(file), descriptor_(open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw InputError(file, std::string("cannot be written: ") + std::strerror(errno));
  try {
    if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) throw InputError(file, "is in use: another sweep works there");
    std::string text = read_all();
    text.resize(text.rfind('\n') + 1);  // npos + 1 is 0
    if (ftruncate(descriptor_, static_cast<off_t>(text.size())) != 0) throw RunError(file, std::strerror(errno));
    if (text.empty()) {
      add(first_line);
      return;
    }
    std::istringstream all(text);
    std::string line;
    std::getline(all, line);
    if (line != first_line) {
      throw InputError(file,
                       "has results of another scenario, or of another version of this one; name another folder, "
                       "or remove this one");
    }
    while (std::getline(all, line)) lines_.push_back(line);
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

Journal::~Journal() { close(descriptor_); }

std::string Journal::read_all() const {
  std::string text;
  char buffer[65'536];
  for (;;) {
    const ssize_t count = pread(descriptor_, buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (count == 0) return text;
    if (count < 0) throw RunError(file_, std::string("cannot be read: ") + std::strerror(errno));
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

void Journal::add(const std::string& line) {
  const std::string text = line + '\n';
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t count = write(descriptor_, text.data() + written, text.size() - written);
    if (count < 0) throw RunError(file_, std::string("cannot be written: ") + std::strerror(errno));
    written += static_cast<std::size_t>(count);
  }
}

}  // namespace gossip::sim
