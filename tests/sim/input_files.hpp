#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "sim/scenario/input_error.hpp"

/// Files for tests of the readers: those of the source tree, and ones written for a test.
namespace gossip::sim {

inline std::string source_file(const std::string& name) { return std::string(GOSSIP_SOURCE_DIR) + '/' + name; }

/// A file that exists as long as this does. Its name is the test's, since tests run side by side.
class TestFile {
 public:
  explicit TestFile(const std::string& text, const std::string& ending = ".txt") {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    static int number = 0;
    name_ = testing::TempDir() + "gossip_" + test->test_suite_name() + '_' + test->name() + '_' +
            std::to_string(number++) + ending;
    std::ofstream(name_, std::ios::binary) << text;
  }
  ~TestFile() { std::filesystem::remove(name_); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

/// The InputError's message, or what happened instead.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another exception: ") + error.what();
  }
  return "no error";
}

}  // namespace gossip::sim
