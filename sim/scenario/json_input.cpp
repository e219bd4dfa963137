#include "sim/scenario/json_input.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "sim/scenario/input_error.hpp"

namespace gossip::sim {
namespace {

/// What nlohmann_json lets pass: it keeps the last of two equal keys in silence, and nests without an end, which later
/// recursions would not survive. A pass of its own, since the parser's callbacks look through a whole list after each
/// entry of it. What is broken is left to the parser.
class Strictness : public nlohmann::json_sax<Json> {
 public:
  explicit Strictness(const std::string& file) : file_(file) {}

  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    if (open_.back().insert(name).second) return true;
    throw InputError(file_, "the key " + Json(name).dump() + " stands twice in one object");
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(std::int64_t) override { return true; }
  bool number_unsigned(std::uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(Json::binary_t&) override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  static constexpr std::size_t most_depth = 100;

  bool open() {
    open_.emplace_back();
    if (open_.size() <= most_depth) return true;
    throw InputError(file_, "nests deeper than " + std::to_string(most_depth) + " levels");
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& file_;
  std::vector<std::set<std::string>> open_;  // the keys of what is open
};

}  // namespace

std::string json_where(const std::string& file, const std::string& path) {
  return file + ": " + (path.empty() ? "/" : path);
}

std::string file_problem(const std::string& file) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (std::filesystem::is_regular_file(status)) return "";
  if (std::filesystem::is_directory(status)) return "is a folder";
  if (std::filesystem::exists(status)) return "is not a regular file";
  return status.type() == std::filesystem::file_type::not_found ? "does not exist"
                                                                : "cannot be found: " + error.message();
}

std::string read_text(const std::string& file) {
  if (file_problem(file) == "is a folder") throw InputError(file, "is a folder");
  std::ifstream in(file, std::ios::binary);
  if (!in) throw InputError(file, "cannot be opened; is the name right?");
  std::ostringstream text;
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (in.bad() || text.fail()) throw InputError(file, "cannot be read");
  return std::move(text).str();
}

Json read_json(const std::string& file) { return read_json_text(read_text(file), file); }

Json read_json_text(const std::string& text, const std::string& file) {
  Strictness strictness(file);
  Json::sax_parse(text, &strictness, Json::input_format_t::json, true, true);
  try {
    return Json::parse(text, nullptr, true, true);
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: syntax error while …"
    const std::string message = error.what();
    const std::size_t start = message.find("at line");
    throw InputError(file, "broken JSON " + (start == std::string::npos ? message : message.substr(start)));
  } catch (const Json::out_of_range& error) {
    const std::string message = error.what();  // "[json.exception.out_of_range.406] number overflow parsing '1e999'"
    throw InputError(file, "broken JSON:" + message.substr(message.find(']') + 1));
  }
}

std::string valid_utf8(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace gossip::sim
