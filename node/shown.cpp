#include "node/shown.hpp"

#include <cstdint>
#include <cstdio>

namespace gossip::node {
namespace {

struct Character {
  std::uint32_t code;
  std::size_t bytes;  // 0: no UTF-8
};

/// RFC 3629: no longer form than needed, no surrogates, nothing above U+10FFFF.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {0, 0};
  std::uint32_t code = lead & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return {code, code < least[bytes] || code > 0x10ffff || surrogate ? 0 : bytes};
}

bool is_harmless(std::uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const bool separator = code == 0x2028 || code == 0x2029;
  const bool mark = code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
                    (code >= 0x2066 && code <= 0x2069);
  const bool invisible = (code >= 0x200b && code <= 0x200d) || code == 0x2060 || code == 0xfeff;
  return !control && !separator && !mark && !invisible && code != '\\';
}

std::string escaped(std::uint32_t code) {
  if (code == '\\') return "\\\\";
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  char text[16];
  std::snprintf(text, sizeof text, "\\u{%x}", static_cast<unsigned>(code));
  return text;
}

}  // namespace

std::optional<std::string> shown(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [code, bytes] = first_of(text);
    if (bytes == 0) return std::nullopt;
    out += is_harmless(code) ? std::string(text.substr(0, bytes)) : escaped(code);
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace gossip::node
