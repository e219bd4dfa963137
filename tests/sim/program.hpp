#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

/// The program as a person or a script uses it.
namespace gossip::sim::test {

namespace fs = std::filesystem;

struct Outcome {
  int code;
  std::string out;  // both streams
};

inline Outcome shell(const std::string& command) {
  FILE* pipe = popen(("{ " + command + "; } 2>&1").c_str(), "r");
  std::string out;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) out.push_back(static_cast<char>(c));
  return {WEXITSTATUS(pclose(pipe)), out};
}

inline Outcome call(const std::string& arguments) { return shell(std::string(GOSSIP_SIM) + " " + arguments); }

inline std::string read(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// With a folder of its own that goes when the test ends.
class Program : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::path(testing::TempDir()) / ("gossip-cli-" + std::to_string(getpid()));
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  }
  std::string scenario(const std::string& text) { return file("scenario.json", text); }

  fs::path folder;
  const std::string small = R"({"name": "small", "peers": 40, "topology": {"type": "random_regular", "degree": 4},
                               "workload": [{"from": 7, "count": 3, "interval": "1s"}]})";
};

}  // namespace gossip::sim::test
