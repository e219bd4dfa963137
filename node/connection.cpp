#include "node/connection.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>

namespace gossip::node {

Connection::Connection(Loop& loop, std::unique_ptr<Stream> stream, Kind kind, std::uint64_t limit)
    : loop_(loop),
      stream_(std::move(stream)),
      kind_(kind),
      limit_(limit),
      last_progress_(loop.now),
      last_read_(loop.now) {}

// Reading.

/// A peer waits only for modules: were it to wait for peers, two that flood each other would both stop reading.
bool Connection::paused() const {
  const auto waiting = [&](Kind kind) { return loop_.congested[static_cast<std::size_t>(kind)] > 0; };
  return waiting(Kind::module) || (kind_ == Kind::module && waiting(Kind::peer));
}

asio::awaitable<void> Connection::read() {
  const auto self = shared_from_this();
  while (state_ != State::closed) {
    if (!rest_.empty()) co_await asio::post(loop_.io, asio::use_awaitable);
    while (state_ == State::open && paused()) co_await loop_.relief.async_wait(as_result);
    if (held()) {
      asio::steady_timer pause(loop_.io, asio::steady_timer::time_point(std::chrono::nanoseconds(held_until_)));
      co_await pause.async_wait(as_result);
      loop_.refresh();
    }
    if (!rest_.empty()) {
      handle_rest();
      continue;
    }
    const auto [error] = co_await stream_->wait_readable(as_result);
    if (error || state_ == State::closed || !read_some()) break;
  }
  ended();
}

/// False: there is nothing more to come.
bool Connection::read_some() {
  boost::system::error_code error;
  const std::size_t n = stream_->read_some(loop_.buffer, error);
  if (error == asio::error::would_block || error == asio::error::interrupted) return true;
  if (error) return false;
  last_read_ = loop_.refresh();
  loop_.counters.add(Counter::bytes_in, n);
  if (state_ != State::open) return true;  // closing: read on only for the FIN
  set_rest(handle(std::span(loop_.buffer).first(n)));
  return true;
}

void Connection::handle_rest() {
  loop_.refresh();
  const std::size_t left = handle(std::span<const std::byte>(rest_).subspan(rest_begin_)).size();
  rest_begin_ = rest_.size() - left;
  if (left == 0) set_rest({});
}

void Connection::set_rest(std::span<const std::byte> rest) {
  loop_.unhandled += static_cast<std::size_t>(!rest.empty()) - static_cast<std::size_t>(!rest_.empty());
  rest_ = net::Bytes(rest.begin(), rest.end());
  rest_begin_ = 0;
}

/// One turn; what there was no time for.
std::span<const std::byte> Connection::handle(std::span<const std::byte> bytes) {
  if (state_ != State::open) return {};
  const bool was_begun = reader_.begun();
  int frames = 0;
  const auto result = reader_.take(
      bytes,
      [&](std::span<const std::byte> frame) {
        return state_ == State::open && on_frame(frame) && ++frames < frames_a_turn && !held();
      },
      [&](std::span<const std::byte> header) {
        return state_ == State::open && (is_possible(header) || (on_frame(header), false));
      });
  if (reader_.begun() && (frames > 0 || !was_begun)) frame_since_ = loop_.now;
  if (result == net::FrameReader::Result::bad_size) {
    on_bad_size();
    return {};
  }
  return state_ == State::open ? bytes : std::span<const std::byte>{};
}

/// Whether somebody at this port may send a frame that begins so.
bool Connection::is_possible(std::span<const std::byte> header) const {
  if (net::judge_header(header)) return false;
  switch (net::type_of(header)) {
    case net::Type::announce:
    case net::Type::notify:
    case net::Type::validation:
      return kind_ == Kind::module;
    case net::Type::pull:
    case net::Type::response:
    case net::Type::push:
    case net::Type::send_content:
      return kind_ == Kind::peer;
    case net::Type::notification:
      return false;
  }
  return false;
}

void Connection::ended() {
  input_ended_ = true;
  if (state_ == State::open) {
    loop_.refresh();
    on_end();
  }
  // Who sends its last message and a FIN may still want our answer to it.
  if (state_ == State::open) close_after_flush();
  if (state_ == State::closing && fin_sent_) close();
}

// Writing.

bool Connection::has_room(std::size_t size) {
  if (queued() + size > limit_) return false;
  const bool fits = queued() + size <= loop_.total.left();
  loop_.total.refused |= !fits;
  return fits;
}

void Connection::note_queued() {
  count_queued();
  if (!congested_ && trusted_ && queued() > room() / 2) set_congested(true);
  schedule_flush();
}

void Connection::count_queued() {
  loop_.total.queued += queued() - counted_;
  counted_ = queued();
}

void Connection::schedule_flush() {
  if (flush_scheduled_ || write_waits_) return;
  flush_scheduled_ = true;
  flush_after(turns_a_write);
}

void Connection::flush_after(int turns) {
  asio::post(loop_.io, [self = shared_from_this(), turns] {
    if (turns > 1 && self->loop_.unhandled > 0 && self->queued() < much) return self->flush_after(turns - 1);
    self->flush_scheduled_ = false;
    self->write();
  });
}

/// Until nothing waits, or no more is taken.
void Connection::write() {
  if (write_waits_) return;
  while (state_ != State::closed) {
    if (written_ == writing_.size()) {
      writing_.clear();
      written_ = 0;
      std::swap(writing_, pending_);
    }
    if (writing_.empty()) return finish_sending();
    if (!write_some()) return wait_writable();
  }
}

/// False: the other side must read first.
bool Connection::write_some() {
  const auto rest = std::span<const std::byte>(writing_).subspan(written_);
  boost::system::error_code error;
  const std::size_t n = stream_->write_some(rest, error);
  if (error == asio::error::would_block || error == asio::error::interrupted) return false;
  last_progress_ = loop_.refresh();
  loop_.counters.add(Counter::bytes_out, n);
  written_ += n;
  sent_ += n;
  if (error) drop_output();
  count_queued();
  if (congested_ && (queued() == 0 || queued() < room() / 4)) set_congested(false);
  if (queued() == 0) trusted_ = true;
  return error || n == rest.size();
}

void Connection::wait_writable() {
  write_waits_ = true;
  stream_->wait_writable([self = shared_from_this()](const boost::system::error_code&) {
    self->write_waits_ = false;
    self->write();
  });
}

/// What waits can go nowhere. The reader learns of it too, and it is the one that reports the end.
void Connection::drop_output() {
  pending_.clear();
  writing_.clear();
  written_ = 0;
  count_queued();
  stream_->shutdown();
}

/// Nothing waits to be sent.
void Connection::finish_sending() {
  if ((state_ != State::closing && !output_ended_) || fin_sent_) return;
  stream_->end_output();
  fin_sent_ = true;
  if (input_ended_) close();
}

// Ending.

void Connection::end_output() {
  output_ended_ = true;
  schedule_flush();
}

void Connection::close_after_flush() {
  if (state_ != State::open) return;
  state_ = State::closing;
  closing_since_ = loop_.now;
  set_congested(false);
  schedule_flush();
}

void Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  set_congested(false);
  for (net::Bytes* bytes : {&pending_, &writing_}) *bytes = {};
  written_ = 0;
  set_rest({});
  count_queued();
  stream_->close();
}

void Connection::reset() {
  if (state_ != State::closed) stream_->reset_at_close();
  close();
}

void Connection::tick(Time now) {
  if (state_ == State::closing && now - closing_since_ > linger) close();
  if (congested_ && now - congested_since_ > loop_.backpressure) {
    trusted_ = false;
    set_congested(false);
  }
  tick_frame(now);
  tick_total(now);
  if (queued() == 0 && !write_waits_) {
    if (pending_.capacity() > kept_capacity) pending_ = {};
    if (writing_.capacity() > kept_capacity) writing_ = {}, written_ = 0;
  }
}

void Connection::tick_frame(Time now) {
  if (state_ != State::open || !reader_.begun()) return;
  if (paused() || !rest_.empty()) frame_since_ = now;  // it is we who wait
  if (now - frame_since_ <= loop_.frame_timeout) return;
  loop_.counters.add(Counter::closed_half_frame);
  spdlog::warn("closing {}: half a frame, and nothing more", name());
  on_end();
  if (state_ == State::open) close_after_flush();
}

void Connection::tick_total(Time now) {
  if (state_ == State::closed || queued() == 0 || now - last_progress_ <= impatience) return;
  if (queued() >= loop_.total.fullest) {
    loop_.total.fullest = QueueTotal::never_full;
    given_up_ = true;
  }
  loop_.total.candidate = std::max<std::uint64_t>(loop_.total.candidate, queued());
}

void Connection::set_congested(bool congested) {
  if (congested_ == congested) return;
  congested_ = congested;
  congested_since_ = loop_.now;
  std::size_t& count = loop_.congested[static_cast<std::size_t>(kind_)];
  if (congested) {
    ++count;
  } else if (--count == 0) {
    loop_.relief.cancel();
  }
}

}  // namespace gossip::node
