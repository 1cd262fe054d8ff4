// What is said about the object storage: objects to be stored, and exports that are made of them. The rest: messages.hpp.
#pragma once
#include <optional>

#include "denrei/actors/messages.hpp"

namespace denrei {

// --- one object: Exporter -> Depot -> Exporter

struct StoreObject {
  std::uint64_t ticket = 0;
  std::string key;                               // as domain/object_key wants it
  std::string content_type;
  std::shared_ptr<const std::string> body;
  caf::actor asker;                              // hears ObjectStored, once
};
struct ObjectStored {
  std::uint64_t ticket = 0;
  bool ok = true;
  std::string provider;                          // that has it
  std::string error;                             // one line for people; empty when ok
};

// --- exports: Desk -> Exporter -> Desk

enum class ExportWhat : std::uint8_t { audit, dead_letters };
struct ExportOrder {
  ExportWhat what = ExportWhat::audit;
  std::optional<WallTime> since, until;          // inclusive; of the entry's timestamp, or of endedAt
  std::string by;                                // "operator", "admin"; "denrei": the daily archive
};
enum class ExportState : std::uint8_t { waiting, running, finished, failed };
struct ExportReport {
  std::string id;                                // "exp_" and 16 hex digits
  ExportOrder order;
  ExportState state = ExportState::waiting;
  WallTime started_at{};
  std::optional<WallTime> ended_at;
  std::uint64_t entries = 0, bytes = 0;          // in objects that are stored
  std::vector<std::string> keys;                 // of these objects
  std::string provider;                          // that has the last one
  std::string why;                               // it failed
};

struct StartExport { std::uint64_t ticket = 0; ExportOrder order; };
struct ListExports { std::uint64_t ticket = 0; std::string id; };  // empty: all, the newest first
struct ExportsTold {
  std::uint64_t ticket = 0;
  bool ok = true;                                // false: an order that is not taken
  std::string why;                               // and why; ask again after `again_in`
  std::chrono::seconds again_in{1};
  std::vector<ExportReport> reports;             // of an order that was taken: its own
};

}  // namespace denrei

DENREI_MESSAGE(StoreObject)
DENREI_MESSAGE(ObjectStored)
DENREI_MESSAGE(StartExport)
DENREI_MESSAGE(ListExports)
DENREI_MESSAGE(ExportsTold)
