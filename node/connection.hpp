#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/framing.hpp"
#include "node/loop.hpp"
#include "node/stream.hpp"

namespace gossip::node {

/// A connection: reading into frames, a bounded queue for writing.
///
/// Rules
/// - The queue holds `limit` bytes, and no more than QueueTotal leaves it. What does not fit is refused: the newest
///   loses, and the caller counts it.
/// - Above half of that the queue is congested: whoever announces is not read from until it drains, so that TCP
///   carries the pressure back and nothing is lost. But only for `backpressure`: who does not drain by then loses
///   data from there on instead of slowing anybody, and is trusted again once its queue was empty.
/// - One turn of the loop handles at most `frames_a_turn` frames of a connection; then all others have theirs. What was
///   read meanwhile, at most the loop's buffer, waits here, and nothing more is read.
/// - Who is on hold is not read from until then; what was read before waits here.
/// - A frame of a type or size that nobody at this port sends is refused when its header is there. One that is begun
///   must be whole after `frame_timeout`.
/// - All that was queued in one turn of the loop goes out in one write; while there is more input to handle at once, in
///   up to `turns_a_write`, unless it is much already.
/// - Closing first sends what is queued, then the FIN, then reads on (and ignores) until the other side's FIN: closing
///   a socket with unread bytes would make the kernel throw away what is under way.
/// Cost: nothing is allocated for a message; two buffers, swapped, grow to what was ever queued and shrink when idle.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum class Kind : std::uint8_t { peer, module };
  enum class State : std::uint8_t { open, closing, closed };

  Connection(Loop& loop, std::unique_ptr<Stream> stream, Kind kind, std::uint64_t limit);
  virtual ~Connection() = default;

  /// Reads until the end; to be spawned once. Keeps the connection alive.
  asio::awaitable<void> read();

  /// `encode(Bytes&)` appends exactly `size` bytes. False: no room.
  template <class F>
  bool enqueue(std::size_t size, F&& encode) {
    if (state_ != State::open || output_ended_ || !has_room(size)) return false;
    if (queued() == 0) last_progress_ = loop_.now;
    encode(pending_);
    note_queued();
    return true;
  }

  /// Bytes that are encoded already.
  bool enqueue(std::span<const std::byte> bytes) {
    return enqueue(bytes.size(), [bytes](net::Bytes& out) { out.insert(out.end(), bytes.begin(), bytes.end()); });
  }

  void close_after_flush();
  void close();
  /// So that the other side knows that it was not understood.
  void reset();
  /// Sends what is queued and the FIN, but goes on taking input.
  void end_output();
  /// Housekeeping; called now and then.
  void tick(Time now);

  State state() const { return state_; }
  std::size_t queued() const { return pending_.size() + writing_.size() - written_; }
  /// Bytes that the socket has taken since the beginning.
  std::uint64_t sent() const { return sent_; }
  /// Since when the other side has taken nothing although something waits; `never`: nothing waits.
  Time stalled_since() const {
    if (queued() == 0) return never;
    return given_up_ ? last_progress_ - long_ago : last_progress_;
  }
  Time last_read() const { return last_read_; }
  /// From now on; what is being handled is handled to its end.
  void hold(Time until) { held_until_ = until; }
  void set_limit(std::uint64_t limit) { limit_ = limit; }
  const tcp::endpoint& remote() const { return stream_->remote(); }
  tcp::endpoint local() const { return stream_->local(); }
  std::string name() const { return to_string(remote()); }

 protected:
  /// False: the connection takes no more input.
  virtual bool on_frame(std::span<const std::byte> frame) = 0;
  virtual void on_bad_size() = 0;
  /// The other side has ended the stream, or it broke; called once, unless we closed it.
  virtual void on_end() = 0;

  Loop& loop_;

 private:
  static constexpr std::size_t kept_capacity = 64 * 1024;
  /// How long a closing connection waits for its queue to drain and for the other side's FIN.
  static constexpr Duration linger = 2 * second;
  /// 64 cost a fifth of the throughput of 20-byte announces: writes were of as many frames.
  static constexpr int frames_a_turn = 256;
  static constexpr int turns_a_write = 8;
  static constexpr std::size_t much = 64 * 1024;  // bytes; as what is read at once
  /// A queue that nothing was taken from for so long may be given up for the others' sake.
  static constexpr Duration impatience = second;
  static constexpr Duration long_ago = 24 * 3'600 * second;  // beyond the patience that can be set

  bool paused() const;
  bool held() const { return state_ == State::open && loop_.now < held_until_; }
  bool read_some();
  void handle_rest();
  std::span<const std::byte> handle(std::span<const std::byte> bytes);
  bool is_possible(std::span<const std::byte> header) const;
  void ended();
  bool has_room(std::size_t size);
  std::uint64_t room() const { return std::min(limit_, loop_.total.left()); }
  void note_queued();
  void count_queued();
  void schedule_flush();
  void flush_after(int turns);
  void set_rest(std::span<const std::byte> rest);
  void write();
  bool write_some();
  void wait_writable();
  void drop_output();
  void finish_sending();
  void set_congested(bool congested);
  void tick_frame(Time now);
  void tick_total(Time now);

  std::unique_ptr<Stream> stream_;
  Kind kind_;
  State state_ = State::open;
  bool flush_scheduled_ = false, write_waits_ = false, fin_sent_ = false;
  bool output_ended_ = false, input_ended_ = false;
  bool congested_ = false, trusted_ = true, given_up_ = false;
  std::uint64_t limit_;  // bytes
  std::uint64_t sent_ = 0;
  net::FrameReader reader_;
  net::Bytes pending_, writing_;
  std::size_t written_ = 0;  // of writing_
  std::size_t counted_ = 0;  // in the total
  net::Bytes rest_;          // was read, and waits for the next turn
  std::size_t rest_begin_ = 0;
  Time last_progress_, last_read_, congested_since_ = 0, closing_since_ = 0, frame_since_ = 0, held_until_ = 0;
};

}  // namespace gossip::node
