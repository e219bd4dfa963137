#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// JSON that people write: comments are allowed, everything that is not understood is an error that says where it
/// stands.
namespace gossip::sim {

using Json = nlohmann::json;

/// The file's text as JSON. Throws InputError naming the file, and line and column where it is broken. A key that
/// stands twice in one object is an error too.
Json read_json(const std::string& file);

/// The file's bytes. Throws InputError when it cannot be read.
std::string read_text(const std::string& file);

/// "x.json: /topology/degree", as messages begin.
std::string json_where(const std::string& file, const std::string& path);

/// Checks a document against the part of JSON Schema that scenario.schema.json is written in: $ref, type, enum, const,
/// bounds, properties, required, items, and oneOf whose branches differ by the constant "type" or by JSON type. The
/// definitions "duration", "size" and "rate" are checked by sim/units. Throws InputError at the first mistake.
void check_json(const Json& document, const Json& schema, const std::string& file);

/// The schema of one property, with $ref followed and, in a oneOf, the branch that `value` takes.
const Json& resolve(const Json& schema, const Json& root);
const Json* find_branch(const Json& schema, const Json& root, const Json& value);

}  // namespace gossip::sim
