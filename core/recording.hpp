#pragma once

#include <string>
#include <vector>

#include "core/operations.hpp"

/// A recording of one life of a peer, as bytes: a driver puts them in a file.
///
/// A peer is a function of its inputs, so that these are its whole life: feeding them again gives the same actions.
///
/// The format, version 2
/// - Lines of text, `name=value`, up to an empty line: first the version, then seed, self and the protocols; then every
///   parameter that this kind of peer has, as a person would write it; then what its driver set.
/// - A record for each input: tag (1 byte), time (8), the input's fields, and a hash of the actions that it caused (4),
///   so that a replay proves itself. Little-endian; 13 to 33 bytes, and 4 for each item of a list that it carries.
/// Bodies are not recorded, only their sizes: a history is bounded in bytes.
namespace gossip {

/// Depends on every field of every action, and on the lists that they carry. No actions: 0.
std::uint32_t hash_actions(const Actions& actions, const ListStore& lists);

/// Appends to bytes that the driver takes away whenever it likes.
class Recorder {
 public:
  /// When the peer has been given to `init`, before its first input.
  Recorder(std::vector<std::byte>& out, const Operations& kind, const Config& config, PeerId self, std::uint64_t seed);
  /// After a step, before its actions are carried out.
  void add(const Input& input, const Actions& actions, const Env& env);

 private:
  std::vector<std::byte>& out_;
};

/// Feeds a recording to a new peer. Whatever the bytes are, it ends with a result, and holds no more than
/// `most_bytes_of_a_peer`, a record, and 4 bytes for each message number.
class Replayer {
 public:
  struct Result {
    std::uint64_t inputs = 0;
    std::uint64_t actions = 0;
    std::uint64_t hash = 0;         // over all actions
    std::uint64_t first_wrong = 0;  // the first record, from 1, whose actions differ from the recorded ones; 0: none
    std::string error;              // what is wrong with the bytes; empty: nothing
  };
  using FindKind = const Operations* (*)(std::string_view overlay, std::string_view broadcast, std::string_view repair);
  static constexpr std::uint64_t most_bytes_of_a_peer = std::uint64_t{1} << 27;  // by the ranges of all fields

  /// `trace`, where there is one, gets a line for each input and action; the caller empties it between calls.
  explicit Replayer(std::string* trace = nullptr, FindKind find_kind = find_operations)
      : trace_(trace), find_kind_(find_kind) {}
  Replayer(const Replayer&) = delete;

  /// The next bytes, however they are cut. False: there is an error, and the rest would not be read.
  bool feed(std::span<const std::byte> bytes);
  /// When no more come.
  const Result& finish();
  const Result& result() const { return result_; }

 private:
  /// A record as it was read.
  struct Record {
    Input input;
    Time now = 0;
    std::vector<std::uint32_t> items;  // of the list that it carries
    std::uint32_t size = 0;            // of the body of its message
    std::uint32_t hash = 0;
    std::optional<std::uint32_t> room;  // for lists of answers, where there was not enough
  };
  enum class Read : std::uint8_t { whole, cut, damaged };

  bool fail(std::string error);
  /// Bytes taken from the front of `pending_`; 0: not yet all there, or an error.
  std::size_t take(std::span<const std::byte> left);
  std::size_t take_header(std::span<const std::byte> left);
  std::string start(std::string_view header);
  bool set_links(std::string_view links, bool change);
  Read read(std::span<const std::byte> left, std::size_t& length);
  bool makes_sense() const;
  void step();
  std::byte* memory() { return reinterpret_cast<std::byte*>(memory_.data()); }

  std::string* trace_;
  FindKind find_kind_;
  std::vector<std::byte> pending_;
  Result result_;
  Record record_;
  Time last_ = 0;

  const Operations* kind_ = nullptr;
  PeerId self_ = no_peer;
  Config config_;
  std::vector<std::uint64_t> memory_;
  std::vector<std::uint32_t> sizes_;  // of message bodies
  MessageStore messages_ = MessageStore::catalogue({});
  std::vector<std::uint64_t> offsets_;  // of a fixed overlay
  std::vector<PeerId> targets_, row_;
  Actions actions_;
};

}  // namespace gossip
