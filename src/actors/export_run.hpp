// An export at work: its questions under way, the object that is being filled, and how far it is. What it asks and stores: exporter.cpp.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "denrei/base/limits.hpp"
#include "denrei/domain/object_key.hpp"
#include "export_source.hpp"

namespace denrei {

class ExportRun {
 public:
  ExportRun(std::string id, std::optional<std::int64_t> archive_day, std::unique_ptr<ExportSource> source)
      : id_(std::move(id)), archive_day_(archive_day), source_(std::move(source)) {}

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] std::optional<std::int64_t> archive_day() const noexcept { return archive_day_; }
  [[nodiscard]] ExportSource& source() noexcept { return *source_; }

  // --- questions: each is under way once, or waits to be asked again

  struct Asking {
    ExportQuestion question;
    std::uint32_t ticks = 0;           // since it was asked
    bool again = false;                // its answer was none
  };
  [[nodiscard]] std::map<std::uint64_t, Asking>& asking() noexcept { return asking_; }

  // --- the object

  // Whether the object in hand is full without this line, which then waits.
  [[nodiscard]] bool takes(const std::string& line) const { return object_.empty() || object_.size() + line.size() + 1 <= limits::export_object_bytes; }
  void append(const std::string& line) {
    object_.append(line).push_back('\n');
    ++object_entries_;
  }
  void keep(std::string line) { kept_ = std::move(line); }
  [[nodiscard]] std::optional<std::string> take_kept() { return std::exchange(kept_, std::nullopt); }
  [[nodiscard]] bool has_object() const noexcept { return !object_.empty(); }

  // The object in hand as an order; it counts when it is stored.
  [[nodiscard]] StoreObject make_order(const ExportReport& report, std::uint64_t ticket, caf::actor asker) {
    ++objects_;
    storing_ = ticket;
    stored_bytes_ = object_.size();
    key_ = archive_day_ ? make_audit_key(*archive_day_, objects_)
                        : make_export_key({export_what_name(report.order.what), id_, report.started_at}, objects_);
    return {ticket, key_, "application/x-ndjson", std::make_shared<const std::string>(std::exchange(object_, {})), std::move(asker)};
  }
  [[nodiscard]] std::uint64_t storing() const noexcept { return storing_; }  // ticket of the order under way; 0: none
  void stored(ExportReport& report, const std::string& provider) {
    storing_ = 0;
    report.entries += std::exchange(object_entries_, 0);
    report.bytes += stored_bytes_;
    report.keys.push_back(key_);
    report.provider = provider;
  }

  std::uint32_t trouble_ticks = 0;     // since anything went well
  std::string trouble;                 // what is the matter

 private:
  std::string id_;
  std::optional<std::int64_t> archive_day_;
  std::unique_ptr<ExportSource> source_;
  std::map<std::uint64_t, Asking> asking_;  // by ticket; as many as partitions
  std::string object_;
  std::uint64_t object_entries_ = 0;
  std::optional<std::string> kept_;
  std::uint64_t storing_ = 0;
  std::size_t stored_bytes_ = 0;
  std::size_t objects_ = 0;
  std::string key_;
};

}  // namespace denrei
