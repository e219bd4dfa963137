#pragma once

#include <gtest/gtest.h>

#include "tests/node/process.hpp"

namespace gossip::node::test {

/// Real processes with their sockets in a folder that goes with the test.
class Program : public testing::Test {
 protected:
  static constexpr std::uint16_t type = 1337;

  NodeProcess start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--status-socket", folder / (std::to_string(++count) + ".sock")});
    return NodeProcess(arguments);
  }
  static std::vector<std::string> with_api(const NodeProcess& node, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--api", to_string(node.api)});
    return arguments;
  }
  bool subscribed(const NodeProcess& node) {
    return eventually(
        [&] { return node.status()["modules"].size() == 1 && node.status()["modules"][0]["types"].size() == 1; });
  }

  Folder folder;
  int count = 0;
};

}  // namespace gossip::node::test
