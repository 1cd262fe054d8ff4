// Exporter: copies the audit and the dead letters into the object storage, on an operator's order, and the audit of each day by itself.
//
// Shape   hears StartExport and ListExports from the Desk, says ExportsTold; says StoreObject to the Depot and hears ObjectStored; asks
//         the Chronicle, the Dispatchers and the outbox
// Objects JSON Lines of at most limits::export_object_bytes each, application/x-ndjson: exports/<what>/<yyyy>/<mm>/<dd>/<id>-<n>.jsonl;
//         nothing to export makes none. The archive: audit/<yyyy>/<mm>/<dd>/all.jsonl, all-2.jsonl … Days are those of Asia/Tokyo
// Rules   one export at a time. While the service is down and depended on, orders are refused with the time to ask again, and the
//         archive waits. The last archived day stands in the registers (group "archive", name "audit"); missed days are made up for,
//         the newest 30; a day that is written twice has the same key
// Limits  exports_waiting_max exports wait; jobs_kept are remembered, in memory. One that gets no further for trouble_ticks s has failed
// Errors  ExportReport.why; a store that is away is asked again
// Source  protocol §4; seed external-services (オブジェクトストレージ; 中依存サービス障害: 該当機能を一時的に無効化)
#pragma once
#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/depot.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/actors/storage_messages.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

struct ExporterTick {};
struct ArchiveNoted { std::int64_t day = 0; Result<void> result; };  // the register was written

using Exporter = caf::typed_actor<caf::reacts_to<StartExport>, caf::reacts_to<ListExports>, caf::reacts_to<ObjectStored>,
                                  caf::reacts_to<NumberedRead>, caf::reacts_to<DeadListed>, caf::reacts_to<RecordsRead>,
                                  caf::reacts_to<RegistersRead>, caf::reacts_to<ArchiveNoted>, caf::reacts_to<DispatchersOpened>,
                                  caf::reacts_to<ExporterTick>, caf::reacts_to<Drain>>;

struct ExporterOptions {
  Service service;                               // the storage: its name and dependency are told, return_after is when to ask again
  const ServiceMeter& state;                     // written by its Depot
  caf::actor depot;
  Outbox& outbox;                                // read only; these three on this actor's own loop
  Chronicle& chronicle;
  Registers& registers;
  caf::actor observer;                           // hears Drained
  LogSink* log = nullptr;                        // one line an export that has ended
  Clock clock;
  bool archives_audit = true;
};

Exporter spawn_exporter(const Stage& stage, ActorMeter& meter, ExporterOptions options);

}  // namespace denrei

DENREI_MESSAGE(ExporterTick)
DENREI_MESSAGE(ArchiveNoted)
