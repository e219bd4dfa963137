#include "node/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

namespace gossip::node {
namespace {

/// {"level":…,"text":…,"time":…}, escaped by the library that will read it elsewhere.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    spdlog::memory_buf_t time;
    time_.format(message, time);
    const auto level = spdlog::level::to_string_view(message.level);
    const nlohmann::json line{{"time", std::string(time.data(), time.size())},
                              {"level", std::string(level.data(), level.size())},
                              {"text", std::string(message.payload.data(), message.payload.size())}};
    const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }

 private:
  spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%f%z", spdlog::pattern_time_type::local, ""};
};

/// Hands on what the limit admits.
class LimitedSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LimitedSink(spdlog::sink_ptr to) : to_(std::move(to)) {}

  void settle(Time now) {
    const std::lock_guard lock(mutex_);
    limit_.settle(now, [this](const LogLimit::More& more) { tell(more); });
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    const bool limited = message.level >= spdlog::level::info;
    if (limited && !limit_.admit(text, message.level, now(), [this](const LogLimit::More& more) { tell(more); }))
      return;
    to_->log(message);
  }
  void flush_() override { to_->flush(); }
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    to_->set_formatter(std::move(formatter));
  }

 private:
  static Time now() { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }
  void tell(const LogLimit::More& more) {
    const std::string text = "and " + std::to_string(more.lines) + " more like: " + more.last;
    to_->log(spdlog::details::log_msg("", static_cast<spdlog::level::level_enum>(more.level), text));
  }

  spdlog::sink_ptr to_;
  LogLimit limit_;
};

std::shared_ptr<LimitedSink> current_sink;

}  // namespace

/// FNV-1a over the words that hold no digit.
std::uint64_t LogLimit::hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.find_first_of("0123456789") != std::string_view::npos) continue;
    for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ ' ') * 0x100000001b3;
  }
  return hash ^ hash >> 32;
}

void settle_log(bool all) {
  if (!current_sink) return;
  const Time now = std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  current_sink->settle(all ? now + second : now);
}

void set_up_log(LogLevel level, LogFormat format) {
  current_sink = std::make_shared<LimitedSink>(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto logger = std::make_shared<spdlog::logger>("", current_sink);
  if (format == LogFormat::json) {
    logger->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    logger->set_pattern("%H:%M:%S.%e %-5l %v");
  }
  const auto spdlog_level = level == LogLevel::off ? spdlog::level::off : static_cast<spdlog::level::level_enum>(level);
  logger->set_level(spdlog_level);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace gossip::node
