#include "tests/node/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace gossip::node::test {
namespace {

struct Pipe {
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  }
  int ends[2];
};

/// False at the end of the stream; throws when nothing comes for `patience`.
bool append(int file, std::string& text) {
  pollfd wanted{file, POLLIN, 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  if (::poll(&wanted, 1, static_cast<int>(limit)) == 0) throw std::runtime_error("a process says nothing:\n" + text);
  char buffer[4096];
  const ssize_t n = ::read(file, buffer, sizeof buffer);
  if (n <= 0) return false;
  text.append(buffer, static_cast<std::size_t>(n));
  return true;
}

net::Endpoint address_after(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(key) + key.size();
  return net::parse_endpoint(line.substr(at, line.find_first_of(" \n", at) - at)).value();
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::string& input, const char* out_path) {
  Pipe in, out, err;
  std::vector<char*> argv{const_cast<char*>(GOSSIP_NODE_PROGRAM)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(in.ends[0], 0);
    ::dup2(out_path == nullptr ? out.ends[1] : ::open(out_path, O_WRONLY), 1);
    ::dup2(err.ends[1], 2);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(in.ends[0]);
  ::close(out.ends[1]);
  ::close(err.ends[1]);
  out_ = out.ends[0];
  err_ = err.ends[0];
  // Short enough for the pipe.
  EXPECT_EQ(::write(in.ends[1], input.data(), input.size()), static_cast<ssize_t>(input.size()));
  ::close(in.ends[1]);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::exchange(other.out_, -1)),
      err_(std::exchange(other.err_, -1)),
      seen_(std::move(other.seen_)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(out_, other.out_);
  std::swap(err_, other.err_);
  std::swap(seen_, other.seen_);
  return *this;
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) ::close(out_);
  if (err_ >= 0) ::close(err_);
}

void Process::signal(int number) const { ::kill(pid_, number); }

void Process::stop_reading() {
  for (int* end : {&out_, &err_}) ::close(std::exchange(*end, ::open("/dev/null", O_RDONLY | O_CLOEXEC)));
}

std::string Process::wait_for_line(const std::string& text) {
  while (true) {
    const std::size_t at = seen_.find(text);
    if (at != std::string::npos && seen_.find('\n', at) != std::string::npos) return seen_;
    if (!append(err_, seen_)) throw std::runtime_error("the process ended without `" + text + "`:\n" + seen_);
  }
}

Finished Process::finish() {
  Finished result{0, {}, std::move(seen_)};
  while (append(out_, result.out)) {
  }
  while (append(err_, result.err)) {
  }
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return result;
}

Finished run_tool(const std::vector<std::string>& arguments, const std::string& input, const char* out) {
  return Process(arguments, input, out).finish();
}

namespace {

std::vector<std::string> with_free_ports(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  for (const char* key : {"--p2p-address", "--api-address"}) {
    if (std::ranges::find(arguments, key) != arguments.end()) continue;
    arguments.insert(arguments.end(), {key, "127.0.0.1:0"});
  }
  return arguments;
}

}  // namespace

NodeProcess::NodeProcess(std::vector<std::string> arguments) : Process(with_free_ports(std::move(arguments))) {
  const std::string said = wait_for_line("listening ");
  p2p = address_after(said, "p2p=");
  api = address_after(said, "api=");
  const std::size_t at = said.find("status=") + 7;
  status_path = said.substr(at, said.find(' ', at) - at);
}

Folder::Folder() {
  std::string pattern = "/tmp/gossip-test-XXXXXX";
  path = ::mkdtemp(pattern.data());
}
Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace gossip::node::test
