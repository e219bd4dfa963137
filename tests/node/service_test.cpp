// node/gossip-node.service: what a node that was taken over could still do.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

constexpr const char* unit = GOSSIP_SOURCE_DIR "/node/gossip-node.service";

/// The values of [Service] by name; those of a name that stands more than once after each other.
std::map<std::string, std::vector<std::string>> service() {
  std::map<std::string, std::vector<std::string>> all;
  std::istringstream text(read_file(unit));
  std::string section;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with('[')) section = line;
    const std::size_t equals = line.find('=');
    if (section != "[Service]" || line.starts_with('#') || equals == std::string::npos) continue;
    all[line.substr(0, equals)].push_back(line.substr(equals + 1));
  }
  return all;
}

TEST(ServiceUnit, GivesTheDaemonWhatItNeedsAndNothingElse) {
  using Values = std::vector<std::string>;
  const std::map<std::string, Values> needed{{"DynamicUser", {"yes"}},
                                             {"CapabilityBoundingSet", {""}},
                                             {"AmbientCapabilities", {""}},
                                             {"NoNewPrivileges", {"yes"}},
                                             {"ProtectSystem", {"strict"}},
                                             {"ProtectHome", {"yes"}},
                                             {"PrivateDevices", {"yes"}},
                                             {"PrivateTmp", {"yes"}},
                                             {"PrivateUsers", {"yes"}},
                                             {"ProtectProc", {"invisible"}},
                                             {"ProtectKernelTunables", {"yes"}},
                                             {"ProtectKernelModules", {"yes"}},
                                             {"ProtectKernelLogs", {"yes"}},
                                             {"ProtectControlGroups", {"yes"}},
                                             {"ProtectClock", {"yes"}},
                                             {"ProtectHostname", {"yes"}},
                                             {"MemoryDenyWriteExecute", {"yes"}},
                                             {"LockPersonality", {"yes"}},
                                             {"RestrictNamespaces", {"yes"}},
                                             {"RestrictRealtime", {"yes"}},
                                             {"RestrictSUIDSGID", {"yes"}},
                                             {"SystemCallArchitectures", {"native"}},
                                             {"SystemCallFilter", {"@system-service", "~@privileged @resources"}},
                                             // Peers, modules, status: neither raw sockets nor netlink.
                                             {"RestrictAddressFamilies", {"AF_INET AF_INET6 AF_UNIX"}},
                                             {"StateDirectoryMode", {"0700"}},
                                             {"UMask", {"0077"}}};
  auto found = service();
  for (const auto& [name, values] : needed) EXPECT_EQ(found[name], values) << name;
  EXPECT_EQ(found["StateDirectory"], Values{"gossip"}) << "all that it may write to; docs and node.ini say so";
  EXPECT_FALSE(found.contains("ReadWritePaths"));
}

TEST(ServiceUnit, IsRatedBelowThree) {
  // Of 10, where 10 is no protection at all.
  const std::string command = "systemd-analyze security --no-pager --offline=true '" + std::string(unit) + "' 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  std::string said;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) said.push_back(static_cast<char>(c));
  pclose(pipe);
  const std::string words = "Overall exposure level for gossip-node.service: ";
  const std::size_t at = said.find(words);
  if (at == std::string::npos) GTEST_SKIP() << "no systemd-analyze that rates files: " << said;
  EXPECT_LT(std::atof(said.c_str() + at + words.size()), 3.0) << said;
}

}  // namespace
}  // namespace gossip::node::test
