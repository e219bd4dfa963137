#include "node/peer_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "node/file.hpp"

namespace gossip::node {
namespace {

constexpr const char* first_line = "gossip peers 1";

std::optional<std::vector<net::Endpoint>> parse(std::istream& file, std::size_t most) {
  std::string line;
  if (!std::getline(file, line) || line != first_line) return std::nullopt;
  std::vector<net::Endpoint> peers;
  std::size_t lines = 0;
  while (std::getline(file, line)) {
    if (line == "end " + std::to_string(lines)) return peers;
    const auto peer = net::parse_endpoint(line);
    if (!peer || !peer->is_listening()) return std::nullopt;
    if (++lines <= most) peers.push_back(*peer);
  }
  return std::nullopt;
}

}  // namespace

PeerFile load_peers(const std::string& path, std::size_t most) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  std::ifstream file(path, std::ios::binary);
  if (auto peers = parse(file, most)) return {std::move(*peers), ""};
  const std::string aside = path + ".damaged";
  std::filesystem::rename(path, aside, error);
  return {{},
          path + " is damaged; " + (error ? "it cannot be set aside: " + error.message() : "set aside as " + aside)};
}

std::string save_peers(const std::string& path, std::span<const net::Endpoint> peers) {
  std::string text(first_line);
  text += '\n';
  for (net::Endpoint peer : peers) text.append(to_string(peer)).append("\n");
  text.append("end ").append(std::to_string(peers.size())).append("\n");

  const std::string fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return "cannot write " + fresh + ": " + std::strerror(errno);
  const bool written = write_all(file, std::as_bytes(std::span(text))) && ::fsync(file) == 0;
  const int problem = errno;
  ::close(file);
  if (!written) return "cannot write " + fresh + ": " + std::strerror(problem);
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return "cannot replace " + path + ": " + std::strerror(errno);
  return {};
}

}  // namespace gossip::node
