#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// JSON that people write: comments are allowed, and what is broken is an error that says where.
namespace gossip::sim {

using Json = nlohmann::json;

/// The file's text as JSON. Throws InputError naming the file, and line and column where it is broken. A key that
/// stands twice in one object is an error too.
Json read_json(const std::string& file);
/// The same of what the file holds, unpacked perhaps.
Json read_json_text(const std::string& text, const std::string& file);

/// The file's bytes. Throws InputError when it cannot be read.
std::string read_text(const std::string& file);

/// Why this is not a file of data, as the end of a sentence: "does not exist"; empty when it is one.
std::string file_problem(const std::string& file);

/// "x.json: /topology/degree", as messages begin.
std::string json_where(const std::string& file, const std::string& path);

/// The text with what is not UTF-8 replaced, so that it can be written as JSON.
std::string valid_utf8(const std::string& text);

}  // namespace gossip::sim
