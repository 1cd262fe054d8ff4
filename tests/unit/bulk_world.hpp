// A world for commands that work on a staff CSV: a folder of their own, a clock that only waiting moves, a receiver made of a function.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "denrei/app/cli/commands.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {

// Several requests under way at once, each answered after `latency` of the world's clock.
class SlowReceiver final : public ParallelHttp {
 public:
  SlowReceiver(WallTime& now, Millis latency, std::function<Result<HttpReply>(const HttpRequest&)> answer)
      : now_(now), latency_(latency), answer_(std::move(answer)) {}

  void start(std::size_t ticket, HttpRequest request) override {
    flights_.emplace(now_ + latency_, HttpEnded{ticket, answer_(request)});
    most_ = std::max(most_, flights_.size());
  }

  std::vector<HttpEnded> wait(Millis at_most) override {
    if (!flights_.empty() && flights_.begin()->first <= now_ + at_most) {
      now_ = std::max(now_, flights_.begin()->first);
      std::vector<HttpEnded> ended;
      ended.push_back(std::move(flights_.begin()->second));
      flights_.erase(flights_.begin());
      return ended;
    }
    now_ += at_most;
    return {};
  }

  [[nodiscard]] std::size_t most_at_once() const { return most_; }

 private:
  WallTime& now_;
  Millis latency_;
  std::function<Result<HttpReply>(const HttpRequest&)> answer_;
  std::multimap<WallTime, HttpEnded> flights_;
  std::size_t most_ = 0;
};

class BulkWorld : public ::testing::Test {
 protected:
  struct Arrival {
    WallTime at;
    HttpRequest request;
    [[nodiscard]] std::string staff() const {
      const auto document = parse_json(request.body);
      return document ? std::string(find_string((*document)->root(), "/data/staffId")) : "";
    }
    [[nodiscard]] std::string header(std::string_view name) const {
      for (const auto& h : request.headers)
        if (h.name == name) return h.value;
      return {};
    }
  };

  ~BulkWorld() override {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }

  int run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    arrivals_.clear();
    CliContext context{.out = out_, .err = err_, .env = {}};
    context.env = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    };
    context.now = [this] { return now_; };
    context.wait = [this](Millis wait) { now_ += wait; };
    context.is_interrupted = [this] { return is_interrupted_(); };
    context.is_err_terminal = [this] { return on_terminal_; };
    const auto receive = [this](const HttpRequest& request) {
      arrivals_.push_back({now_, request});
      return answer_(arrivals_.back());
    };
    context.http = receive;
    context.parallel_http = [this, receive](int) {
      auto receiver = std::make_unique<SlowReceiver>(now_, latency_, receive);
      parallel_ = receiver.get();
      return receiver;
    };
    CLI::App app{"test"};
    add_client_commands(app, context);
    arguments.insert(arguments.begin(), "denrei");
    std::vector<const char*> argv;
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    return run_command_line(app, static_cast<int>(argv.size()), argv.data(), context);
  }

  int bulk(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"send", "bulk", csv_.string(), "--url", "https://receiver.example", "--config", DENREI_ROOT "/config/denrei.toml"});
    return run(more);
  }

  void write(const std::filesystem::path& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }
  [[nodiscard]] std::string read(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // A CSV of that many people, S-1 …
  void write_people(std::size_t count) {
    std::string text = "staffId,fullName,email,facilityId,departmentId\n";
    for (std::size_t i = 1; i <= count; ++i) text += "S-" + std::to_string(i) + ",山田太郎,s" + std::to_string(i) + "@h.example,FAC,DEP\n";
    write(csv_, text);
  }
  [[nodiscard]] std::vector<std::string> staff_in_order() const {
    std::vector<std::string> staff;
    for (const auto& arrival : arrivals_) staff.push_back(arrival.staff());
    return staff;
  }

  std::filesystem::path folder_ = make_folder();
  std::filesystem::path csv_ = folder_ / "staff.csv";
  std::filesystem::path state_ = folder_ / "staff.csv.denrei-state";
  std::filesystem::path result_ = folder_ / "staff.csv.result.csv";
  std::map<std::string, std::string> environment_{{"MEDICAL_WEBHOOK_SECRET", std::string(40, 'k')}, {"DENREI_READER_TOKEN", "token-of-a-reader"}};
  WallTime now_ = parse_iso8601("2025-11-20T05:00:00Z").value();
  Millis latency_{0};
  SlowReceiver* parallel_ = nullptr;
  bool on_terminal_ = false;
  std::vector<Arrival> arrivals_;
  std::function<Result<HttpReply>(const Arrival&)> answer_ = [](const Arrival&) { return HttpReply{200, R"({"success":true})"}; };
  std::function<bool()> is_interrupted_ = [] { return false; };
  std::ostringstream out_;
  std::ostringstream err_;

 private:
  // In memory where the system has such a place: every line of a state is synced, and a busy disk takes its time.
  static std::filesystem::path make_folder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    const std::string memory = "/dev/shm";
    const std::filesystem::path root = access(memory.c_str(), W_OK) == 0 ? memory : ::testing::TempDir();
    const auto folder = root / ("denrei-" + std::string(test->name()) + "-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    return folder;
  }
};

}  // namespace denrei
