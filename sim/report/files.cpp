#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "sim/report/report.hpp"
#include "sim/scenario/input_error.hpp"

/// A report in files.
namespace gossip::sim {
namespace {

/// A file that is written beside and renamed, so that a full disk leaves the old one whole.
class Output {
 public:
  explicit Output(std::filesystem::path path) : path_(std::move(path)), beside_(path_.string() + ".new") {
    file_.open(beside_, std::ios::binary);
    if (!file_) throw InputError(path_.string(), "cannot be written");
  }
  Output(const Output&) = delete;
  ~Output() {
    std::error_code ignored;
    if (!beside_.empty()) std::filesystem::remove(beside_, ignored);
  }
  void finish() {
    file_.close();
    std::error_code error;
    if (file_) std::filesystem::rename(beside_, path_, error);
    if (!file_ || error) throw RunError(path_.string(), "could not be written to its end; is the disk full?");
    beside_.clear();
  }
  template <class T>
  Output& operator<<(const T& value) {
    file_ << value;
    return *this;
  }

 private:
  std::filesystem::path path_, beside_;
  std::ofstream file_;
};

void write_messages(const std::filesystem::path& path, const Result& result) {
  Output file(path);
  for (const MessageColumn& column : message_columns())
    file << (&column == message_columns().data() ? "" : ",") << column.named.name;
  for (const Named& miss : miss_names) file << ",missed_" << miss.name;
  file << '\n';
  for (std::size_t i = 0; i < result.messages.size(); ++i) {
    for (const MessageColumn& column : message_columns()) {
      file << (&column == message_columns().data() ? "" : ",") << column.value(result, i);
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
    file << index(delivery.message) << ',' << index(delivery.peer) << ',' << delivery.time << ',' << delivery.hops
         << ',';
    if (delivery.from != no_peer) file << index(delivery.from);
    file << '\n';
  }
  file.finish();
}

}  // namespace

void check_writable(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  const bool there = std::filesystem::exists(path);
  if (std::filesystem::is_directory(path)) throw InputError(path, "is a folder; name a file");
  if (access(there ? path.c_str() : folder.c_str(), W_OK) != 0) {
    throw InputError(path, std::string("cannot be written: ") + std::strerror(errno));
  }
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw InputError(path, "cannot be made: " + error.message());
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
