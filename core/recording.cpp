#include "core/recording.hpp"

#include "core/config/text.hpp"
#include "core/transcript.hpp"

namespace gossip {
namespace {

constexpr std::string_view magic = "gossip recording ";
constexpr std::string_view version = "2";
constexpr std::size_t most_header = 1u << 20;
constexpr std::size_t slice = 1u << 16;            // of what is fed, copied at once
constexpr std::uint32_t most_messages = 1u << 23;  // numbers; as MessageStore::Limits
constexpr std::uint32_t most_list_items = 1u << 16;
constexpr Time latest = std::numeric_limits<Time>::max() / 2;  // no sum of a time and a parameter overflows

// Numbers that stand in recordings: a tag is the input's place in the variant, from 1. Those of enums may grow at the
// end; a change of any is a new version, and so is one of the order of fields.
constexpr std::uint8_t no_room_flag = 0x80;   // on a tag: the store of lists was full,
constexpr std::uint8_t after_one_flag = 0x40;  // once it had taken one
static_assert(std::same_as<Input, std::variant<Start, PeerUp, PeerDown, Receive, Publish, Verdict, Wake>>);
static_assert(FrameKind::announce == FrameKind{0} && FrameKind::pull == FrameKind{1} &&
              FrameKind::response == FrameKind{2} && FrameKind::push == FrameKind{3});
static_assert(Opinion::accept == Opinion{0} && Opinion::reject == Opinion{1} && Opinion::nobody == Opinion{2});

/// The fields of an input or an action, as they stand in its struct; `f` writes, reads or hashes them.
template <class T, class F>
void each_field(T& value, F&& f) {
  if constexpr (requires { T{{}, {}, {}}; }) {
    auto& [first, middle, last] = value;
    f(first), f(middle), f(last);
  } else if constexpr (requires { T{{}, {}}; }) {
    auto& [first, last] = value;
    f(first), f(last);
  } else if constexpr (!std::is_empty_v<T>) {
    auto& [only] = value;
    f(only);
  }
}

/// The body of a frame with a list is a handle, which means nothing elsewhere.
template <class F>
void each_field(Frame& frame, F&& f) {
  f(frame.kind), f(frame.ttl), f(frame.hops);
  if (!carries_list(frame.kind)) f(frame.body);
}

const Frame* frame_with_list(const Input& input) {
  const auto* receive = std::get_if<Receive>(&input);
  return receive != nullptr && carries_list(receive->frame.kind) ? &receive->frame : nullptr;
}

/// The message whose body an input brings.
MessageRef brought_by(const Input& input) {
  if (const auto* publish = std::get_if<Publish>(&input)) return publish->message;
  const auto* receive = std::get_if<Receive>(&input);
  return receive != nullptr && receive->frame.kind == FrameKind::announce ? receive->frame.message() : no_message;
}

struct Writer {
  std::vector<std::byte>& out;

  void operator()(Frame& frame) { each_field(frame, *this); }
  template <class T>
  void operator()(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      out.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> 8 * i));
    }
  }
};

struct Reader {
  std::span<const std::byte> left;
  bool cut = false, wrong = false;

  void operator()(Frame& frame) { each_field(frame, *this); }
  template <class T>
  void operator()(T& value) {
    std::uint64_t bits = 0;
    cut = cut || left.size() < sizeof(T);
    if (!cut) {
      for (std::size_t i = 0; i < sizeof(T); ++i) bits |= static_cast<std::uint64_t>(left[i]) << 8 * i;
      left = left.subspan(sizeof(T));
    }
    if constexpr (std::same_as<T, bool>) wrong = wrong || bits > 1;
    if constexpr (requires { T::count_; }) {
      if (bits >= static_cast<std::uint64_t>(T::count_)) wrong = true, bits = 0;
    }
    value = static_cast<T>(bits);
  }
};

struct Hash {
  const ListStore& lists;
  std::uint64_t value = 0;

  void operator()(Frame& frame) {
    each_field(frame, *this);
    if (!carries_list(frame.kind)) return;
    for (const std::uint32_t item : lists.items(frame.list())) (*this)(item);
    (*this)(lists.items(frame.list()).size());
  }
  template <class T>
  void operator()(T field) {
    value = mix(value, static_cast<std::uint64_t>(field));
  }
};

/// The input of a tag, with its fields yet to be read.
template <class... T>
std::optional<Input> empty_input(std::size_t tag, std::variant<T...>*) {
  std::optional<Input> found;
  std::size_t next = 0;
  ((++next == tag ? void(found = T{}) : void()), ...);
  return found;
}

// The header.

void append(std::vector<std::byte>& out, std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  out.insert(out.end(), bytes.begin(), bytes.end());
}
void append_line(std::vector<std::byte>& out, std::string_view name, std::string_view value) {
  append(out, name), append(out, "="), append(out, value), append(out, "\n");
}

std::string links_text(const Fixed::Config& config, PeerId self) {
  const std::uint32_t row = index(self) - config.first;
  std::string text;
  for (std::uint64_t i = config.offsets[row]; i < config.offsets[row + 1]; ++i) {
    text.append(text.empty() ? "" : " ")
        .append(std::to_string(index(config.rows.empty() ? config.targets[i] : config.rows[i])));
  }
  return text;
}

/// Lines in the order in which they must stand; what does not fit is said once.
class Lines {
 public:
  explicit Lines(std::string_view text) : left_(text) {}

  std::string_view take(std::string_view name) {
    const std::string_view line = left_.substr(0, left_.find('\n'));
    if (!error.empty()) return {};
    if (line.substr(0, line.find('=')) != name || line.size() == name.size()) {
      error = "the header has \"" + std::string(line) + "\" where \"" + std::string(name) + "=\" belongs";
      return {};
    }
    left_.remove_prefix(std::min(line.size() + 1, left_.size()));
    return line.substr(name.size() + 1);
  }
  template <class T>
  T take_number(std::string_view name) {
    const std::string_view text = take(name);
    const std::optional<T> value = parse_number<T>(text);
    if (error.empty() && !value) wrong(name, text, "is not a number that fits");
    return value.value_or(T{});
  }
  void take(const Fields& fields) {
    for (const Field& field : fields.table) {
      const std::string_view text = take(field.name);
      if (!error.empty()) return;
      const auto parsed = parse(field, text);
      if (!parsed.value) return wrong(field.name, text, parsed.problem);
      field.set(fields.config, *parsed.value);
    }
  }
  void end() {
    if (error.empty() && !left_.empty()) {
      error = "the header has \"" + std::string(left_.substr(0, left_.find('\n'))) + "\", which is not known";
    }
  }

  std::string error;

 private:
  void wrong(std::string_view name, std::string_view text, std::string_view problem) {
    error = "the header's " + std::string(name) + ": \"" + std::string(text) + "\" " + std::string(problem);
  }

  std::string_view left_;
};

}  // namespace

std::uint32_t hash_actions(const Actions& actions, const ListStore& lists) {
  Hash hash{lists};
  for (Action action : actions) {
    hash(action.index());
    std::visit([&](auto& command) { each_field(command, hash); }, action);
  }
  return static_cast<std::uint32_t>(hash.value);
}

Recorder::Recorder(std::vector<std::byte>& out, const Operations& kind, const Config& config, PeerId self,
                   std::uint64_t seed)
    : out_(out) {
  append(out_, magic), append(out_, version), append(out_, "\n");
  append_line(out_, "seed", std::to_string(seed));
  append_line(out_, "self", std::to_string(index(self)));
  append_line(out_, "overlay", kind.overlay);
  append_line(out_, "broadcast", kind.broadcast);
  append_line(out_, "repair", kind.repair);
  Config all = config;
  for (const auto& tables : {kind.fields(all), kind.driver_fields(all)}) {
    for (const Fields& fields : tables) {
      for (const Field& field : fields.table) append_line(out_, field.name, text_of(field, field.get(fields.config)));
    }
  }
  if (kind.overlay == Fixed::name) {
    const Fixed::Config& links = config.of<Fixed>();
    append_line(out_, "links_change", links.rows.empty() ? "0" : "1");
    append_line(out_, "links", links_text(links, self));
  }
  append(out_, "\n");
}

void Recorder::add(const Input& input, const Actions& actions, const Env& env) {
  const bool no_room = std::ranges::any_of(actions, [](const Action& action) {
    const auto* drop = std::get_if<Drop>(&action);
    return drop != nullptr && drop->reason == Reason::lists_full;
  });
  const auto sent = std::ranges::count_if(actions, [](const Action& action) {
    const auto* send = std::get_if<Send>(&action);
    return send != nullptr && carries_list(send->frame.kind);
  });
  GOSSIP_ASSERT(!no_room || sent <= 1);  // no step makes more than two
  const std::uint8_t room = !no_room ? 0 : sent == 0 ? no_room_flag : no_room_flag | after_one_flag;
  Writer write{out_};
  Input fields = input;
  write(static_cast<std::uint8_t>((input.index() + 1) | room));
  write(env.now);
  std::visit([&](auto& fact) { each_field(fact, write); }, fields);
  if (const Frame* frame = frame_with_list(input)) {
    const auto items = env.lists.items(frame->list());
    GOSSIP_ASSERT(items.size() <= most_list_items);
    write(static_cast<std::uint32_t>(items.size()));
    for (const std::uint32_t item : items) write(item);
  }
  if (const MessageRef message = brought_by(input); message != no_message) write(env.messages.body_size(message));
  write(hash_actions(actions, env.lists));
}

bool Replayer::fail(std::string error) {
  result_.error = std::move(error);
  pending_.clear();
  return false;
}

bool Replayer::feed(std::span<const std::byte> bytes) {
  while (result_.error.empty() && !bytes.empty()) {
    const auto next = bytes.first(std::min(bytes.size(), slice));
    bytes = bytes.subspan(next.size());
    pending_.insert(pending_.end(), next.begin(), next.end());
    std::span<const std::byte> left = pending_;
    while (const std::size_t taken = take(left)) left = left.subspan(taken);
    if (result_.error.empty())
      pending_.erase(pending_.begin(), pending_.end() - static_cast<std::ptrdiff_t>(left.size()));
  }
  return result_.error.empty();
}

const Replayer::Result& Replayer::finish() {
  if (!result_.error.empty()) return result_;
  if (kind_ == nullptr) fail("the header is cut off");
  if (kind_ != nullptr && !pending_.empty()) fail("the last record is cut off");
  return result_;
}

std::size_t Replayer::take(std::span<const std::byte> left) {
  if (kind_ == nullptr) return take_header(left);
  std::size_t length = 0;
  const Read read_as = left.empty() ? Read::cut : read(left, length);
  if (read_as == Read::cut) return 0;
  if (read_as == Read::damaged || !makes_sense()) {
    fail("damaged record " + std::to_string(result_.inputs + 1));
    return 0;
  }
  step();
  return length;
}

std::size_t Replayer::take_header(std::span<const std::byte> left) {
  const std::string_view text(reinterpret_cast<const char*>(left.data()), left.size());
  if (text.substr(0, magic.size()) != magic.substr(0, text.size())) return fail("this is not a recording"), 0;
  const std::size_t end = text.substr(0, most_header).find("\n\n");
  if (end == text.npos) {
    if (text.size() >= most_header) fail("the header does not end");
    return 0;
  }
  if (std::string error = start(text.substr(0, end)); !error.empty()) return fail(std::move(error)), 0;
  return end + 2;
}

/// A peer as the header says, or what is wrong with it.
std::string Replayer::start(std::string_view header) {
  const std::string_view first = header.substr(0, header.find('\n'));
  if (const std::string_view found = first.substr(magic.size()); found != version) {
    return "version \"" + std::string(found) + "\" of the format is not known";
  }
  header.remove_prefix(std::min(header.size(), first.size() + 1));
  Lines lines(header);
  const auto seed = lines.take_number<std::uint64_t>("seed");
  self_ = PeerId{lines.take_number<std::uint32_t>("self")};
  const std::string_view overlay = lines.take("overlay"), broadcast = lines.take("broadcast"),
                         repair = lines.take("repair");
  if (!lines.error.empty()) return lines.error;
  const Operations* kind = find_kind_(overlay, broadcast, repair);
  if (kind == nullptr) {
    return "no peer has the protocols \"" + std::string(overlay) + "\", \"" + std::string(broadcast) + "\" and \"" +
           std::string(repair) + '"';
  }
  for (const auto& tables : {kind->fields(config_), kind->driver_fields(config_)}) {
    for (const Fields& fields : tables) lines.take(fields);
  }
  if (kind->overlay == Fixed::name) {
    const bool change = lines.take_number<std::uint8_t>("links_change") != 0;
    if (!set_links(lines.take("links"), change) && lines.error.empty())
      lines.error = "the header's links are no numbers";
  }
  lines.end();
  if (!lines.error.empty()) return lines.error;
  const std::size_t bytes = kind->bytes(config_);
  GOSSIP_ASSERT(bytes <= most_bytes_of_a_peer);  // the ranges of the fields see to it
  kind_ = kind;
  memory_.resize((bytes + 7) / 8);
  ListStore lists;
  Env env{0, messages_, lists};
  kind_->init(memory(), self_, seed, config_, env);
  return {};
}

bool Replayer::set_links(std::string_view links, bool change) {
  while (!links.empty()) {
    const std::string_view link = links.substr(0, links.find(' '));
    const auto peer = parse_number<std::uint32_t>(link);
    if (!peer) return false;
    targets_.push_back(PeerId{*peer});
    links.remove_prefix(std::min(links.size(), link.size() + 1));
  }
  offsets_ = {0, targets_.size()};
  if (change) row_ = targets_;
  config_.of<Fixed>() = {offsets_, targets_, row_, index(self_)};
  return true;
}

Replayer::Read Replayer::read(std::span<const std::byte> left, std::size_t& length) {
  Reader reader{left};
  std::uint8_t tag = 0;
  reader(tag);
  auto input = empty_input(tag & ~(no_room_flag | after_one_flag), static_cast<Input*>(nullptr));
  if (!input) return Read::damaged;
  const bool after_one = (tag & after_one_flag) != 0;
  record_.room.reset();
  if ((tag & no_room_flag) != 0) record_.room = after_one ? 1 : 0;
  if (after_one && !record_.room) return Read::damaged;
  record_.input = *input;
  reader(record_.now);
  std::visit([&](auto& fact) { each_field(fact, reader); }, record_.input);
  record_.items.clear();
  if (frame_with_list(record_.input) != nullptr) {
    std::uint32_t count = 0;
    reader(count);
    if (count > most_list_items) return Read::damaged;
    if (reader.left.size() < count * sizeof(std::uint32_t)) return Read::cut;
    record_.items.resize(count);
    for (std::uint32_t& item : record_.items) reader(item);
  }
  if (brought_by(record_.input) != no_message) reader(record_.size);
  reader(record_.hash);
  if (reader.cut) return Read::cut;
  length = left.size() - reader.left.size();
  return reader.wrong ? Read::damaged : Read::whole;
}

/// What no driver says, and no peer must be told.
bool Replayer::makes_sense() const {
  if (record_.now < (result_.inputs == 0 ? -latest : last_) || record_.now > latest) return false;
  if (const auto* up = std::get_if<PeerUp>(&record_.input)) return up->peer != no_peer;
  if (const auto* down = std::get_if<PeerDown>(&record_.input)) return down->peer != no_peer;
  if (const auto* verdict = std::get_if<Verdict>(&record_.input)) return index(verdict->message) < most_messages;
  if (const auto* publish = std::get_if<Publish>(&record_.input)) return index(publish->message) < most_messages;
  const auto* receive = std::get_if<Receive>(&record_.input);
  if (receive != nullptr && lists_messages(receive->frame.kind)) {
    const std::size_t step = stride(traits(receive->frame.kind).items);
    for (std::size_t i = 0; i < record_.items.size(); i += step) {
      if (record_.items[i] >= most_messages) return false;
    }
  }
  return receive == nullptr ||
         (receive->from != no_peer && (!names_message(receive->frame.kind) || receive->frame.body < most_messages));
}

void Replayer::step() {
  if (const MessageRef message = brought_by(record_.input); message != no_message) {
    if (index(message) >= sizes_.size()) {
      sizes_.resize(index(message) + 1);
      messages_ = MessageStore::catalogue(sizes_);
    }
    sizes_[index(message)] = record_.size;
  }
  const bool lent = frame_with_list(record_.input) != nullptr;
  ListStore lists = record_.room ? ListStore(*record_.room + (lent ? 1 : 0)) : ListStore();
  if (lent) std::get<Receive>(record_.input).frame.body = index(*lists.add(record_.items));
  Env env{record_.now, messages_, lists};
  actions_.clear();
  kind_->step(memory(), config_, record_.input, env, actions_);

  last_ = record_.now;
  ++result_.inputs;
  result_.actions += actions_.size();
  const std::uint32_t hash = hash_actions(actions_, lists);
  result_.hash = mix(result_.hash, hash);
  if (hash != record_.hash && result_.first_wrong == 0) result_.first_wrong = result_.inputs;
  if (trace_ == nullptr) return;
  trace_->append(std::to_string(env.now)).append(" ").append(to_text(record_.input, &lists)).append("\n");
  for (const Action& action : actions_) trace_->append("    ").append(to_text(action, &lists)).append("\n");
}

}  // namespace gossip
