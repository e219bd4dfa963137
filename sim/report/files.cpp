#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "sim/report/report.hpp"
#include "sim/scenario/input_error.hpp"

/// A report in files.
namespace gossip::sim {
namespace {

/// Whether a new file can take this one's place by a rename. A symbolic link, a pipe or a device would be replaced itself.
bool is_replaceable(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto type = std::filesystem::symlink_status(path, ignored).type();
  return type == std::filesystem::file_type::regular || type == std::filesystem::file_type::not_found;
}

/// A file that is written beside and renamed, so that a full disk leaves the old one whole. What is not replaceable is
/// written to as it is.
class Output {
 public:
  explicit Output(std::filesystem::path path)
      : path_(std::move(path)), written_(path_.string() + (is_replaceable(path_) ? ".new" : "")) {
    errno = 0;
    file_.open(written_, std::ios::binary);
    look();
    if (!file_) fail();
  }
  Output(const Output&) = delete;
  ~Output() {
    std::error_code ignored;
    if (!finished_ && written_ != path_) std::filesystem::remove(written_, ignored);
  }
  void finish() {
    errno = 0;
    file_.close();
    look();
    if (file_ && written_ != path_ && std::rename(written_.c_str(), path_.c_str()) != 0) {
      file_.setstate(std::ios::failbit);
      look();
    }
    if (!file_) fail();
    finished_ = true;
  }
  template <class T>
  Output& operator<<(const T& value) {
    if (!file_) return *this;
    errno = 0;
    file_ << value;
    look();
    return *this;
  }

 private:
  /// Whatever is done next changes errno.
  void look() {
    if (!file_ && problem_.empty()) problem_ = errno == 0 ? "unknown error" : std::strerror(errno);
  }
  [[noreturn]] void fail() const { throw RunError(path_.string(), "could not be written to its end: " + problem_); }

  std::filesystem::path path_, written_;
  std::ofstream file_;
  std::string problem_;
  bool finished_ = false;
};

/// As RFC 4180 has it.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

void write_messages(const std::filesystem::path& path, const Result& result) {
  Output file(path);
  for (const MessageColumn& column : message_columns())
    file << (&column == message_columns().data() ? "" : ",") << column.named.name;
  for (const Named& miss : miss_names) file << ",missed_" << miss.name;
  file << '\n';
  for (std::size_t i = 0; i < result.messages.size(); ++i) {
    for (const MessageColumn& column : message_columns()) {
      file << (&column == message_columns().data() ? "" : ",") << cell(column.value(result, i));
    }
    for (const std::uint64_t misses : result.messages[i].misses.counts) file << ',' << misses;
    file << '\n';
  }
  file.finish();
}

void write_coverage(const std::filesystem::path& path, const Result& result) {
  Output file(path);
  file << "ms_after_announcement,coverage\n";
  for (const auto& [time, share] : coverage_over_time(result)) file << time << ',' << share << '\n';
  file.finish();
}

void write_deliveries(const std::filesystem::path& path, const Result& result) {
  std::vector<Delivery> sorted = result.sum.deliveries;
  std::ranges::sort(sorted, [](const Delivery& a, const Delivery& b) {
    return std::tuple(a.message, a.time, a.peer) < std::tuple(b.message, b.time, b.peer);
  });
  Output file(path);
  file << "message,peer,time_ns,hops,from\n";
  for (const Delivery& delivery : sorted) {
    file << index(delivery.message) << ',' << cell(result.names[delivery.peer]) << ',' << delivery.time << ','
         << delivery.hops << ',';
    if (delivery.from != no_peer) file << cell(result.names[delivery.from]);
    file << '\n';
  }
  file.finish();
}

}  // namespace

void check_writable(const std::string& path) {
  const auto demand = [&](const std::filesystem::path& what, const char* words) {
    if (::access(what.c_str(), W_OK) != 0) throw InputError(path, words + std::string(std::strerror(errno)));
  };
  std::error_code ignored;
  const auto type = std::filesystem::status(path, ignored).type();
  if (type == std::filesystem::file_type::directory) throw InputError(path, "is a folder; name a file");
  if (type != std::filesystem::file_type::not_found) demand(path, "cannot be written: ");
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  if (is_replaceable(path)) demand(folder, "cannot be written: its folder: ");
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw InputError(path, "cannot be made: " + error.message());
  if (::access(path.c_str(), W_OK) != 0)
    throw InputError(path, std::string("cannot be written: ") + std::strerror(errno));
}

void write_file(const std::string& path, const std::string& text) {
  Output file(path);
  file << text;
  file.finish();
}

std::vector<std::string> csv_files() { return {"messages.csv", "coverage.csv", "deliveries.csv"}; }

void write_csv(const std::string& folder, const Report& report) {
  const std::filesystem::path path(folder);
  write_messages(path / "messages.csv", report.result);
  write_coverage(path / "coverage.csv", report.result);
  write_deliveries(path / "deliveries.csv", report.result);
}

}  // namespace gossip::sim
