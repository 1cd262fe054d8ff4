// Which logic an effect has, and the logic of the ledger, which only counts.
#include "denrei/domain/key_logic.hpp"

#include "denrei/base/packing.hpp"
#include "denrei/domain/acknowledgement.hpp"
#include "denrei/domain/announcement.hpp"
#include "denrei/domain/bulletin.hpp"
#include "denrei/domain/employee.hpp"
#include "denrei/domain/tally.hpp"

namespace denrei {
namespace {

constexpr std::uint8_t ledger_version = 1;

class LedgerLogic final : public KeyLogic {
 public:
  explicit LedgerLogic(std::uint64_t events) : events_(events) {}
  Decision decide(const Event&) override {
    ++events_;
    return {};
  }
  std::string encode_state() const override {
    return events_ == 0 ? std::string{} : Packer(9).u8(ledger_version).u64(events_).take();
  }

 private:
  std::uint64_t events_;
};

Result<std::unique_ptr<KeyLogic>> make_ledger_logic(std::string_view packed_state) {
  if (packed_state.empty()) return std::make_unique<LedgerLogic>(0u);
  Unpacker unpacker(packed_state);
  if (unpacker.u8() != ledger_version) return fail(FaultCode::invalid, "not a ledger state of a known version");
  const auto events = unpacker.u64();
  if (!unpacker.ok() || !unpacker.at_end()) return fail(FaultCode::invalid, "a ledger state of the wrong length");
  return std::make_unique<LedgerLogic>(events);
}

}  // namespace

Result<std::unique_ptr<KeyLogic>> make_key_logic(Effect effect, std::string_view key, std::string_view packed_state) {
  switch (effect) {
    case Effect::ledger: return make_ledger_logic(packed_state);
    case Effect::employee: return make_employee_logic(packed_state);
    case Effect::acknowledgement: return make_acknowledgement_logic(packed_state);
    case Effect::bulletin: return make_bulletin_logic(packed_state);
    case Effect::announcement: return make_announcement_logic(packed_state);
    case Effect::tally: return make_tally_logic(key, packed_state);
  }
  return fail(FaultCode::invalid, "unknown effect");
}

}  // namespace denrei
