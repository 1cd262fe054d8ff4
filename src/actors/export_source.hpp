// Where the lines of an export come from: the audit of all partitions, oldest first; the dead letters with every attempt. Pure.
//
// Shape   wanted() names what to ask the store and the Dispatchers; add() takes each answer; take() gives line after line, without line
//         breaks
// Rules   dead letters: in the order of partition and log, only what was dead when the export began; without the bodies that were sent
// Limits  a chunk of the audit of each partition; dead_page heads and dead_fetch whole records
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/storage_messages.hpp"

namespace denrei {

struct AskAudit { std::uint32_t partition = 0; std::uint64_t before = 0; std::size_t count = 0; };
struct AskDeadList { std::uint32_t partition = 0; DeadFilter filter; std::uint64_t after = 0; std::size_t count = 0; };
struct AskDeadRecords { std::uint32_t partition = 0; std::vector<DeliveryId> ids; };
using ExportQuestion = std::variant<AskAudit, AskDeadList, AskDeadRecords>;

class ExportSource {
 public:
  static constexpr std::size_t dead_page = 300;  // more than one event can have: limits::destinations_max
  static constexpr std::size_t dead_fetch = 16;  // records of up to a body's limit each

  virtual ~ExportSource() = default;
  // Asked once each; an answer that fails is asked for again.
  [[nodiscard]] virtual std::vector<ExportQuestion> wanted() const = 0;
  virtual void add(const AskAudit&, const Numbered&) {}
  virtual void add(const AskDeadList&, const DeadListed&) {}
  virtual void add(const AskDeadRecords&, const Blobs&) {}
  [[nodiscard]] virtual std::optional<std::string> take() = 0;  // nothing while something is wanted, and at the end
};

[[nodiscard]] std::string_view export_what_name(ExportWhat what) noexcept;  // "audit", "dead-letters"
[[nodiscard]] std::optional<ExportWhat> parse_export_what(std::string_view name) noexcept;

[[nodiscard]] std::unique_ptr<ExportSource> make_export_source(const ExportOrder& order, std::uint32_t partitions, WallTime now);

}  // namespace denrei
