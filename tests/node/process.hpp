#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/node/client.hpp"

namespace gossip::node::test {

struct Finished {
  int code;  // the exit code, or minus the signal
  std::string out, err;
};

/// The real program, as a shell would start it. It is killed at the latest when this goes.
class Process {
 public:
  /// `out`: its standard output, when that is not read.
  explicit Process(const std::vector<std::string>& arguments, const std::string& input = {}, const char* out = nullptr);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;

  void signal(int number) const;
  pid_t pid() const { return pid_; }
  /// Whatever it writes from here on finds nobody.
  void stop_reading();
  /// What it has written up to the first line on stderr that contains `text`.
  std::string wait_for_line(const std::string& text);
  /// Reads everything until it ends.
  Finished finish();

 private:
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  std::string seen_;
};

/// Runs a tool to its end.
Finished run_tool(const std::vector<std::string>& arguments, const std::string& input = {}, const char* out = nullptr);

/// `gossip-node run` on free ports.
class NodeProcess : public Process {
 public:
  explicit NodeProcess(std::vector<std::string> arguments);
  nlohmann::json status() const { return ask_status(status_path); }
  net::Endpoint p2p, api;
  std::string status_path;
};

/// A folder that goes with its owner.
struct Folder {
  Folder();
  ~Folder();
  std::string path;
  std::string operator/(const std::string& name) const { return path + "/" + name; }
};
void write_file(const std::string& path, const std::string& text);
std::string read_file(const std::string& path);

}  // namespace gossip::node::test
