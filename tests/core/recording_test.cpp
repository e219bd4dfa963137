#include "core/recording.hpp"

#include "tests/core/random_life.hpp"
#include "tests/core/reminder.hpp"

namespace gossip {
namespace {

using Bytes = std::vector<std::byte>;

/// Registered kinds and those of the tests.
const Operations* find_kind(std::string_view overlay, std::string_view broadcast, std::string_view repair) {
  if (broadcast != Reminder::name) return find_operations(overlay, broadcast, repair);
  return overlay == Fixed::name ? &reminder_over<Fixed> : &reminder_over<Sampling>;
}

struct Recorded {
  Bytes bytes;
  std::string trace;  // as a replay's
  std::uint64_t inputs = 0, actions = 0, hash = 0;
};

Recorded record(const Operations& kind, std::uint64_t seed, int steps) {
  Life life(kind, seed, seed % 3);  // lists: also none at all
  OnePeer& peer = life.peer;
  Recorded recorded;
  Recorder recorder(recorded.bytes, kind, peer.config(), PeerId{0}, seed);
  for (int i = 0; i < steps; ++i) {
    const Input& input = life.begin();
    recorder.add(input, peer.actions, peer.env());
    recorded.trace += std::to_string(peer.now) + ' ' + to_text(input, &peer.lists) + '\n';
    for (const Action& action : peer.actions) recorded.trace += "    " + to_text(action, &peer.lists) + '\n';
    ++recorded.inputs;
    recorded.actions += peer.actions.size();
    recorded.hash = mix(recorded.hash, hash_actions(peer.actions, peer.lists));
    life.end();
  }
  return recorded;
}

Replayer::Result replay(std::span<const std::byte> bytes, std::string* trace = nullptr) {
  Replayer replayer(trace, find_kind);
  replayer.feed(bytes);
  return replayer.finish();
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}
std::string header_of(const Bytes& bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::string(text.substr(0, text.find("\n\n") + 2));
}

std::vector<Operations> all_kinds() {
  std::vector<Operations> kinds{reminder_over<Fixed>, reminder_over<Sampling>};
  Overlays::each([&]<class O>() {
    Broadcasts::each([&]<class B>() { Repairs::each([&]<class R>() { kinds.push_back(operations_of<O, B, R>()); }); });
  });
  return kinds;
}

class Recording : public testing::TestWithParam<Operations> {};

TEST_P(Recording, OfARandomLifeReplays) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Recorded recorded = record(GetParam(), seed, 300);
    std::string trace;
    const Replayer::Result result = replay(recorded.bytes, &trace);
    ASSERT_EQ(result.error, "");
    ASSERT_EQ(trace, recorded.trace);
    EXPECT_EQ(result.first_wrong, 0u);
    EXPECT_EQ(result.inputs, recorded.inputs);
    EXPECT_EQ(result.actions, recorded.actions);
    EXPECT_EQ(result.hash, recorded.hash);
  }
}

TEST_P(Recording, MayBeCutAnywhere) {
  const Recorded recorded = record(GetParam(), 3, 60);
  const std::span<const std::byte> all = recorded.bytes;
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    Replayer replayer(nullptr, find_kind);
    ASSERT_TRUE(replayer.feed(all.first(cut)));
    ASSERT_TRUE(replayer.feed(all.subspan(cut)));
    ASSERT_EQ(replayer.finish().hash, recorded.hash) << cut;
  }
  Replayer bytewise(nullptr, find_kind);
  for (const std::byte& byte : all) ASSERT_TRUE(bytewise.feed({&byte, 1}));
  EXPECT_EQ(bytewise.finish().hash, recorded.hash);
  EXPECT_EQ(bytewise.result().error, "");
}

TEST_P(Recording, ThatEndsTooEarlySaysSo) {
  const Recorded recorded = record(GetParam(), 3, 60);
  const std::span<const std::byte> all = recorded.bytes;
  const std::size_t header = header_of(recorded.bytes).size();
  std::size_t whole = 0;
  for (std::size_t length = 0; length < all.size(); ++length) {
    const Replayer::Result result = replay(all.first(length));
    if (length < header) {
      ASSERT_EQ(result.error, "the header is cut off");
    } else if (!result.error.empty()) {
      ASSERT_EQ(result.error, "the last record is cut off");
    } else {
      ++whole;
    }
    ASSERT_EQ(result.first_wrong, 0u);
  }
  EXPECT_EQ(whole, recorded.inputs) << "from none to all but the last";
}

TEST_P(Recording, NamesTheFirstRecordWhoseActionsDiffer) {
  const Recorded whole = record(GetParam(), 3, 60), shorter = record(GetParam(), 3, 40);
  Bytes damaged = whole.bytes;
  damaged[shorter.bytes.size() - 1] ^= std::byte{1};  // of the hash of record 40
  damaged.back() ^= std::byte{1};
  const Replayer::Result result = replay(damaged);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.first_wrong, 40u);
  EXPECT_EQ(result.inputs, 60u);
}

// Whatever is flipped: an error, a record whose actions differ, or a difference without consequence. No crash.
TEST_P(Recording, WithAFlippedByteIsNeverACrash) {
  const Recorded recorded = record(GetParam(), 5, 60);
  std::size_t noticed = 0, tried = 0;
  for (std::size_t i = 0; i < recorded.bytes.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Bytes damaged = recorded.bytes;
      damaged[i] ^= static_cast<std::byte>(flip);
      const Replayer::Result result = replay(damaged);
      ++tried;
      noticed += !result.error.empty() || result.first_wrong != 0;
    }
  }
  EXPECT_GT(noticed, tried / 2);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Recording, testing::ValuesIn(all_kinds()), [](const auto& test) {
  return std::string(test.param.overlay) + "_" + std::string(test.param.broadcast) + "_" +
         std::string(test.param.repair);
});

/// Peer 1, of whose two links one comes up, replays.
void expect_links_to_replay(const Fixed::Config& links, const Lines& at_start) {
  const Operations& kind = *find_operations("fixed", "flood");
  OnePeer peer(kind, config_with(links), {.self = PeerId{1}});
  Bytes bytes;
  Recorder recorder(bytes, kind, peer.config(), PeerId{1}, 1);
  EXPECT_EQ(peer.step(Start{}), at_start);
  recorder.add(Start{}, peer.actions, peer.env());
  peer.step(PeerUp{PeerId{2}, true});
  recorder.add(PeerUp{PeerId{2}, true}, peer.actions, peer.env());
  const Replayer::Result result = replay(bytes);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.first_wrong, 0u);
}

TEST(RecordingOfLinks, HasThemAsTheyStandAtTheStart) {
  const std::uint64_t offsets[] = {0, 1, 3, 4};
  const PeerId targets[] = {PeerId{1}, PeerId{0}, PeerId{2}, PeerId{1}};
  PeerId rows[] = {PeerId{1}, PeerId{2}, PeerId{0}, PeerId{1}};  // in the order that an earlier life left
  expect_links_to_replay({offsets, targets, {}}, {});
  expect_links_to_replay({offsets, targets, rows}, {"connect peer 2", "connect peer 0"});
}

/// The records that follow a header.
class RecordingErrors : public testing::Test {
 protected:
  std::string error_of(std::string_view bytes) { return replay(bytes_of(bytes)).error; }
  std::string with(std::string_view old, std::string_view text) {
    std::string changed = header;
    changed.replace(changed.find(old), old.size(), text);
    return changed;
  }
  /// tag, time; the rest follows.
  static std::string record_at(int tag, std::uint8_t time, std::string_view rest) {
    return std::string(1, static_cast<char>(tag)) + static_cast<char>(time) + std::string(7, '\0') + std::string(rest);
  }

  const std::string header = header_of(record(operations_of<Sampling, Flood>(), 1, 0).bytes);
  const std::string start = record_at(1, 9, std::string_view("\0\0\0\0", 4));
};

TEST_F(RecordingErrors, OfTheHeader) {
  EXPECT_EQ(error_of(header), "");
  EXPECT_EQ(error_of(""), "the header is cut off");
  EXPECT_EQ(error_of("gossip"), "the header is cut off");
  EXPECT_EQ(error_of("something else"), "this is not a recording");
  EXPECT_EQ(error_of(with("recording 2", "recording 3")), "version \"3\" of the format is not known");
  EXPECT_EQ(error_of(with("overlay=sampling", "overlay=tree")),
            "no peer has the protocols \"tree\", \"flood\" and \"none\"");
  EXPECT_EQ(error_of(with("degree=", "width=")).substr(0, 21), "the header has \"width");
  EXPECT_EQ(error_of(with("self=0", "self=x")), "the header's self: \"x\" is not a number that fits");
  EXPECT_EQ(error_of(with("relay=", "relay=x")).substr(0, 20), "the header's relay: ");
  EXPECT_EQ(error_of(with("\n\n", "\nmore=1\n\n")), "the header has \"more=1\", which is not known");
  EXPECT_EQ(error_of("gossip recording 2\nseed=" + std::string(2'000'000, '1')), "the header does not end");
}

TEST_F(RecordingErrors, NoFieldMakesAPeerTooLarge) {
  Config config;
  for (const Operations* kind : {find_operations("sampling", "flood"), find_operations("fixed", "flood")}) {
    for (const Fields& part : kind->fields(config)) {
      for (const Field& field : part.table) {
        if (!field.is_real() && field.unit != Unit::choice) field.set(part.config, field.range.most);
      }
    }
    config.of<Intake>().validation = true;
    EXPECT_LE(kind->bytes(config), Replayer::most_bytes_of_a_peer);
  }
}

TEST_F(RecordingErrors, OfARecord) {
  const std::string four(4, '\0'), no_peer_number(4, '\xff');
  EXPECT_EQ(error_of(header + start), "");
  EXPECT_EQ(error_of(header + start + start), "") << "at the same time";
  EXPECT_EQ(error_of(header + start + record_at(99, 9, four)), "damaged record 2") << "a tag";
  EXPECT_EQ(error_of(header + start + record_at(7, 8, four)), "damaged record 2") << "back in time";
  EXPECT_EQ(error_of(header + start + record_at(7, 9, four) + record_at(3, 9, no_peer_number + four)),
            "damaged record 3")
      << "nobody is down";
  EXPECT_EQ(error_of(header + start + record_at(4, 9, four + '\x40' + std::string(15, '\0'))), "damaged record 2")
      << "a kind of frame";
  EXPECT_EQ(error_of(header + start + record_at(6, 9, four + '\x09' + four)), "damaged record 2") << "an opinion";
  EXPECT_EQ(error_of(header + start + record_at(5, 9, "\xff\xff\xff\x7f" + std::string(9, '\0'))), "damaged record 2")
      << "a number that no message has";
  EXPECT_EQ(error_of(header + start + record_at(4, 9, four + '\x02' + std::string(3, '\0') + "\xff\xff\xff\x7f")),
            "damaged record 2")
      << "a list without end";
}

TEST(RecordingFormat, AnInputTakesAbout28Bytes) {
  const Recorded recorded = record(operations_of<Sampling, Flood>(), 4, 3'000);
  EXPECT_LT(recorded.bytes.size() / recorded.inputs, 30u);
}

TEST(RecordingFormat, TheHeaderIsReadableAndHasEveryParameterOnce) {
  const std::string header = header_of(record(operations_of<Sampling, Flood>(), 4, 0).bytes);
  EXPECT_EQ(header.substr(0, 72), "gossip recording 2\nseed=4\nself=0\noverlay=sampling\nbroadcast=flood\nrepair");
  for (const char* name : {"seen_capacity", "relay", "degree", "links", "retry_max", "validation", "bootstrapper"}) {
    const std::string line = '\n' + std::string(name) + '=';
    EXPECT_NE(header.find(line), header.npos) << name;
    EXPECT_EQ(header.find(line), header.rfind(line)) << name;
  }
  EXPECT_EQ(header.find("history"), header.npos) << "this kind has none";
}

TEST(HashActions, DependsOnEveryFieldAndOnLists) {
  ListStore lists;
  const std::uint32_t one[] = {1}, two[] = {2}, both[] = {1, 2};
  const auto list = [&](std::span<const std::uint32_t> items) { return Frame::response(*lists.add(items)); };
  const std::vector<Action> different{
      Send{PeerId{1}, list(one)},
      Send{PeerId{1}, list(two)},
      Send{PeerId{1}, list(both)},
      Send{PeerId{2}, list(one)},
      Send{PeerId{1}, Frame::pull(PeerId{1})},
      Send{PeerId{1}, Frame::push(PeerId{1})},
      Send{PeerId{1}, Frame::announce(MessageRef{1}, 1, 1)},
      Send{PeerId{1}, Frame::announce(MessageRef{1}, 2, 1)},
      Send{PeerId{1}, Frame::announce(MessageRef{1}, 1, 2)},
      Send{PeerId{1}, Frame::announce(MessageRef{2}, 1, 1)},
      SendAll{PeerId{1}, Frame::announce(MessageRef{1}, 1, 1)},
      SendAll{PeerId{2}, Frame::announce(MessageRef{1}, 1, 1)},
      Deliver{MessageRef{1}, PeerId{1}, 1},
      Deliver{MessageRef{2}, PeerId{1}, 1},
      Deliver{MessageRef{1}, PeerId{2}, 1},
      Deliver{MessageRef{1}, PeerId{1}, 2},
      Connect{PeerId{1}},
      Connect{PeerId{2}},
      Disconnect{PeerId{1}},
      Forget{MessageRef{1}},
      ForgetPeer{PeerId{1}},
      Drop{MessageRef{1}, PeerId{1}, Reason::ttl},
      Drop{MessageRef{2}, PeerId{1}, Reason::ttl},
      Drop{MessageRef{1}, PeerId{2}, Reason::ttl},
      Drop{MessageRef{1}, PeerId{1}, Reason::silence},
  };
  std::set<std::uint32_t> hashes{hash_actions({}, lists)};
  for (const Action& action : different) hashes.insert(hash_actions({action}, lists));
  hashes.insert(hash_actions({different[0], different[1]}, lists));
  hashes.insert(hash_actions({different[1], different[0]}, lists));
  EXPECT_EQ(hashes.size(), different.size() + 3);
  EXPECT_EQ(hash_actions({}, lists), 0u);
  const std::uint32_t like_an_action[] = {static_cast<std::uint32_t>(Action{Connect{}}.index()), 7};
  EXPECT_NE(hash_actions({Send{PeerId{1}, list(like_an_action)}}, lists),
            hash_actions({Send{PeerId{1}, list({})}, Connect{PeerId{7}}}, lists));
  EXPECT_EQ(hash_actions({Send{PeerId{1}, list(both)}}, lists), hash_actions({different[2]}, lists))
      << "not on where a list lies";
}

}  // namespace
}  // namespace gossip
