#pragma once

#include <stdexcept>
#include <string>

namespace gossip::sim {

/// Bad input, in words for the person who wrote it: where (file, and line or JSON path), what, and what would be right.
class InputError : public std::runtime_error {
 public:
  InputError(const std::string& where, const std::string& what) : std::runtime_error(where + ": " + what) {}
};

/// What only shows while it is done: more than there is room for, a report that cannot be written.
class RunError : public std::runtime_error {
 public:
  RunError(const std::string& where, const std::string& what) : std::runtime_error(where + ": " + what) {}
};

}  // namespace gossip::sim
