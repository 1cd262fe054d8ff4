// A load run: keep-alive connections on one epoll, each with one event on its way, through warm-up, window and last answers.
//
// Shape   LoadRun{options, events}.run() -> Result<LoadFigures>
// Units   a closed loop measures from the send; an open loop from the time at which the event was due (no coordinated omission)
// Limits  one thread; errors_max broken connections; 5 s for the last answers
// Errors  io: the server is away or keeps breaking connections; invalid: no events left for the window
#pragma once
#include <sys/prctl.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "load_connection.hpp"
#include "load_figures.hpp"
#include "load_schedule.hpp"
#include "usage_meter.hpp"

namespace denrei::bench {

class LoadRun {
 public:
  LoadRun(const LoadOptions& options, const SignedEvents& events)
      : options_(options),
        events_(events),
        schedule_(options.rate, options.warmup, options.seconds),
        usage_(options.processes),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        connections_(options.connections) {}

  [[nodiscard]] Result<LoadFigures> run() {
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  // the default lets an open loop's sends be 50 µs late
    for (std::size_t i = 0; i < connections_.size() && !fault_; ++i) open(i);
    schedule_.start(Clock::now());
    for (auto now = Clock::now(); !fault_ && !is_over(now); now = Clock::now()) {
      change_phase(now);
      send_due(now);
      handle_ready(now);
    }
    if (fault_) return tl::unexpected(*fault_);
    figures_.sent_in_run = taken_;
    figures_.unanswered = on_their_way_;
    figures_.unsent = schedule_.waiting_at(schedule_.window_end(), taken_);
    figures_.ran_out = figures_.ran_out || (ran_out() && figures_.unsent > 0);
    return figures_;
  }

 private:
  using Time = LoadSchedule::Time;
  static constexpr std::uint64_t errors_max = 1'000;

  [[nodiscard]] bool is_open_loop() const { return schedule_.is_open_loop(); }
  [[nodiscard]] bool ran_out() const { return taken_ == events_.count(); }
  [[nodiscard]] bool has_more_to_send() const { return !ran_out() && schedule_.may_take(taken_); }
  [[nodiscard]] bool is_over(Time now) const {
    return schedule_.phase() == LoadSchedule::Phase::draining &&
           (now >= schedule_.give_up_at() || (on_their_way_ == 0 && !has_more_to_send()));
  }

  // --- the window
  void change_phase(Time now) {
    using enum LoadSchedule::Phase;
    if (schedule_.phase() == warming_up && now >= schedule_.window_begin()) begin_window();
    if (schedule_.phase() == warming_up && ran_out())
      fault_ = Fault{FaultCode::invalid, "the signed events ran out during the warm-up; give more --events"};
    if (schedule_.phase() == measuring && (now >= schedule_.window_end() || ran_out())) end_window();
  }
  void begin_window() {
    if (auto begun = usage_.begin(); !begun) fault_ = begun.error();
    schedule_.begin_window(Clock::now());
  }
  void end_window() {
    figures_.ran_out = ran_out() && Clock::now() < schedule_.window_end();
    figures_.window_s = schedule_.end_window(Clock::now());
    auto used = usage_.end();
    if (used) figures_.used = std::move(*used);
    else fault_ = used.error();
  }

  // --- sending
  void send_due(Time now) {
    if (schedule_.phase() != LoadSchedule::Phase::draining)
      figures_.behind_max = std::max(figures_.behind_max, schedule_.waiting_at(now, taken_ + idle_.size()));
    while (!idle_.empty() && has_more_to_send() && schedule_.due(taken_, now) <= now) {
      const auto i = idle_.front();
      idle_.pop_front();
      fire(i, schedule_.due(taken_, now));
    }
  }
  void fire(std::size_t i, Time due) {
    ++on_their_way_;
    follow_up(i, connections_[i].send(events_[taken_++], due));
  }
  void follow_up(std::size_t i, Sending sending) {
    if (sending == Sending::partial) watch(i, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    if (sending == Sending::broken) break_off(i);
  }

  // --- receiving
  void handle_ready(Time now) {
    const auto wait = std::max(Clock::duration::zero(), wake_at() - now);
    const auto wait_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wait).count();
    const timespec timeout{wait_ns / 1'000'000'000, wait_ns % 1'000'000'000};
    const auto count = ::epoll_pwait2(epoll_.number(), ready_.data(), static_cast<int>(ready_.size()), &timeout, nullptr);
    for (int n = 0; n < count && !fault_; ++n) {
      const auto& event = ready_[static_cast<std::size_t>(n)];
      const auto i = static_cast<std::size_t>(event.data.u64);
      if ((event.events & EPOLLOUT) != 0 && connections_[i].has_unsent()) {
        watch(i, EPOLL_CTL_MOD, EPOLLIN);
        follow_up(i, connections_[i].send_rest());
      }
      if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(i);
    }
  }
  [[nodiscard]] Time wake_at() const {
    const auto phase_end = schedule_.phase_end();
    return is_open_loop() && !idle_.empty() && has_more_to_send() ? std::min(phase_end, schedule_.due(taken_, phase_end))
                                                                  : phase_end;
  }
  void receive(std::size_t i) {
    switch (connections_[i].receive(buffer_)) {
      case Receiving::nothing: return;
      case Receiving::broken: return break_off(i);
      case Receiving::answer: return finish(i, Clock::now());
    }
  }
  void finish(std::size_t i, Time now) {
    const auto& connection = connections_[i];
    --on_their_way_;
    if (connection.status() < 300) ++figures_.ok_in_run;
    if (schedule_.phase() == LoadSchedule::Phase::measuring) ++figures_.answers[connection.status()];
    // An open loop judges each event that was due in the window, however late its answer.
    const auto moment = is_open_loop() ? connection.due() : now;
    if (schedule_.is_in_window(moment)) figures_.latency.record(now - connection.due());
    if (connection.is_used_up()) {
      ++figures_.reconnects_in_run;
      return open(i);
    }
    if (is_open_loop() || !has_more_to_send()) return idle_.push_back(i);
    fire(i, now);
  }

  // --- connections
  void open(std::size_t i) {
    auto socket = connect_to(options_.address);
    if (!socket) {
      fault_ = socket.error();
      return;
    }
    connections_[i] = LoadConnection(std::move(*socket));
    watch(i, EPOLL_CTL_ADD, EPOLLIN);
    idle_.push_back(i);
  }
  // The event on its way is lost to us: the server may or may not have taken it. It is counted and not sent again.
  void break_off(std::size_t i) {
    if (!connections_[i].busy()) {
      std::erase(idle_, i);
      ++figures_.reconnects_in_run;
      return open(i);
    }
    --on_their_way_;
    if (++figures_.errors_in_run > errors_max) fault_ = Fault{FaultCode::io, "the server broke more than 1000 connections"};
    else open(i);
  }
  void watch(std::size_t i, int operation, std::uint32_t interest) {
    epoll_event event{};
    event.events = interest;
    event.data.u64 = i;
    if (::epoll_ctl(epoll_.number(), operation, connections_[i].number(), &event) != 0)
      fault_ = Fault{FaultCode::io, std::string("epoll: ") + std::strerror(errno)};
  }

  const LoadOptions& options_;
  const SignedEvents& events_;
  LoadSchedule schedule_;
  UsageMeter usage_;
  Descriptor epoll_;
  std::vector<LoadConnection> connections_;
  std::deque<std::size_t> idle_;  // at most one entry for each connection
  std::vector<epoll_event> ready_ = std::vector<epoll_event>(1'024);
  std::vector<char> buffer_ = std::vector<char>(answer_bytes_max);
  std::uint64_t taken_ = 0;
  std::uint64_t on_their_way_ = 0;
  LoadFigures figures_;
  std::optional<Fault> fault_;
};

}  // namespace denrei::bench
