#pragma once

#include <cstdint>
#include <string_view>

/// What is counted and measured, as data: JSON, CSV and documentation are made from the same tables.
namespace gossip {

enum class Kind : std::uint8_t {
  counter,  // grows; of two runs or nodes the sum makes sense
  gauge,    // is what it is now
  text,
};

struct Named {
  std::string_view name;
  std::string_view unit;  // as it is read: "frames", "bytes", "ms", "" where it is a mere number
  Kind kind;
  std::string_view help;  // one line
};

}  // namespace gossip
