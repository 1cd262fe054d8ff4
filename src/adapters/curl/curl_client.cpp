// The client's transfers: those under way and those that wait to be used again.
#include "denrei/adapters/curl/curl_client.hpp"

#include "transfer.hpp"

namespace denrei {

struct CurlClient::Core {
  Core(boost::asio::io_context& io, ClientPolicy given)
      : policy(std::move(given)),
        loop(std::make_shared<CurlLoop>(io, policy.connections_max, [this](CURL* easy, CURLcode code) { on_ended(easy, code); })) {
    loop->start();
  }
  ~Core() {
    for (const auto& transfer : transfers) loop->remove(transfer->handle());
    loop->stop();
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  Transfer& take_idle();
  void send(OutboundRequest request, std::function<void(Exchange)> done);
  void on_ended(CURL* easy, CURLcode code);
  void put_back(Transfer& transfer);

  ClientPolicy policy;
  std::shared_ptr<CurlLoop> loop;
  std::vector<std::unique_ptr<Transfer>> transfers;  // as many as were under way at one time; idle ones beyond connections_max go
  std::vector<Transfer*> idle;
};

Transfer& CurlClient::Core::take_idle() {
  if (idle.empty()) {
    transfers.push_back(std::make_unique<Transfer>(*loop, policy));
    transfers.back()->index = transfers.size() - 1;
    return *transfers.back();
  }
  auto& transfer = *idle.back();
  idle.pop_back();
  return transfer;
}

void CurlClient::Core::send(OutboundRequest request, std::function<void(Exchange)> done) {
  auto& transfer = take_idle();
  if (transfer.prepare(std::move(request), std::move(done))) loop->add(transfer.handle());
  else loop->end_later(transfer.handle(), CURLE_BAD_FUNCTION_ARGUMENT);
}

void CurlClient::Core::on_ended(CURL* easy, CURLcode code) {
  auto& transfer = Transfer::of(easy);
  auto exchange = transfer.finish(code);
  const auto done = transfer.take_done();
  loop->remove(easy);
  put_back(transfer);
  done(std::move(exchange));  // last: it may destroy the client
}

void CurlClient::Core::put_back(Transfer& transfer) {
  if (idle.size() < policy.connections_max) return idle.push_back(&transfer);
  const auto index = transfer.index;
  std::swap(transfers[index], transfers.back());
  transfers[index]->index = index;
  transfers.pop_back();
}

CurlClient::CurlClient(boost::asio::io_context& io, ClientPolicy policy) : core_(std::make_unique<Core>(io, std::move(policy))) {}

CurlClient::~CurlClient() = default;

void CurlClient::send(OutboundRequest request, std::function<void(Exchange)> done) { core_->send(std::move(request), std::move(done)); }

}  // namespace denrei
