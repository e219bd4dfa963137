#include "sim/world/classes.hpp"

#include <algorithm>

#include "core/random.hpp"

namespace gossip::sim {

Classes::Classes(const Scenario& scenario) : specs_(scenario.classes) {
  common_.upload = scenario.links.upload;
  if (specs_.empty()) return;
  number_.resize(scenario.peers);
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    ClassSpec& spec = specs_[i];
    if (spec.upload == 0) spec.upload = common_.upload;
    for (const std::uint32_t peer : spec.peers) number_[peer] = static_cast<std::uint8_t>(i + 1);
  }
  std::vector<std::uint32_t> others;
  for (std::uint32_t i = 0; i < scenario.peers; ++i) {
    if (number_[i] == 0 && i != index(scenario.bootstrapper())) others.push_back(i);
  }
  Random(mix(scenario.seed, 'G'), 0).shuffle(std::span(others));
  std::size_t next = 0;
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    auto left = static_cast<std::size_t>(specs_[i].fraction * scenario.peers + 0.5);
    for (; left > 0 && next < others.size(); --left) number_[others[next++]] = static_cast<std::uint8_t>(i + 1);
  }
}

bool Classes::any_upload() const {
  return common_.upload > 0 || std::ranges::any_of(specs_, [](const ClassSpec& spec) { return spec.upload > 0; });
}

}  // namespace gossip::sim
