#pragma once

#include <string>
#include <vector>

namespace gossip::sim {

/// Lines in a file that are there as soon as they are added, also when the process is killed. Not for two processes at a
/// time.
class Journal {
 public:
  /// Opens the file, or makes it with that first line. What follows the last end of a line was cut off by a sudden end
  /// and is removed. Throws InputError when another process has it or when the first line is another one.
  Journal(const std::string& file, const std::string& first_line);
  ~Journal();
  Journal(const Journal&) = delete;

  /// Those that were there, without the first.
  const std::vector<std::string>& lines() const { return lines_; }
  /// Throws RunError.
  void add(const std::string& line);

 private:
  std::string read_all() const;

  std::string file_;
  int descriptor_;
  std::vector<std::string> lines_;
};

}  // namespace gossip::sim
