// The streams of one topic, and what they have still to hear: frames gather in pieces, each piece is dealt out in small portions.
//
// Shape   push(frame); take_portion(now) -> the next StreamBytes and their edge, or nothing now; wait(now) -> until there may be one
// Rules   a stream hears every frame that is pushed after it joined, in order, and none from before
//         frames that come while a piece is being dealt out, or within stream_round_pause of its start, go out together as the next one
// Limits  stream_waiting_bytes_max and stream_waiting_pieces_max: beyond them is_crowded() says that no pause fits any more
#pragma once
#include <algorithm>
#include <compare>
#include <deque>
#include <map>
#include <optional>

#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/base/secret.hpp"

namespace denrei {

struct StreamKey {
  caf::actor_id edge = 0;
  std::uint64_t session = 0;
  auto operator<=>(const StreamKey&) const = default;
};

// What its reader showed when it came, to be judged again when the tokens change.
struct StreamPass {
  Secret authorization;
  bool has_console_session = false;
};

struct StreamPortion {
  caf::actor edge;
  StreamBytes bytes;
};

class StreamTopic {
 public:
  using Moment = caf::actor_clock::time_point;

  void join(const caf::actor& edge, std::uint64_t session, StreamPass pass) {
    if (!pieces_.empty()) pieces_.back().is_open = false;  // what is pushed from now on is for it too, what waits is not
    streams_[{edge.id(), session}] = {edge, std::move(pass), last_piece_ + 1};
  }
  bool leave(const StreamKey& key) { return streams_.erase(key) > 0; }
  [[nodiscard]] std::size_t size() const noexcept { return streams_.size(); }

  // For every stream that is here now.
  void push(std::string_view frame) {
    if (streams_.empty()) return;
    if (pieces_.empty() || !pieces_.back().is_open) pieces_.push_back({++last_piece_, std::make_shared<std::string>()});
    pieces_.back().text->append(frame);
    waiting_bytes_ += frame.size();
  }
  [[nodiscard]] bool has_work() const noexcept { return !pieces_.empty(); }
  [[nodiscard]] bool is_crowded() const noexcept {
    return waiting_bytes_ > limits::stream_waiting_bytes_max || pieces_.size() > limits::stream_waiting_pieces_max;
  }

  // How long until the next portion may go; has_work() only.
  [[nodiscard]] caf::timespan wait(Moment now) const {
    if (is_dealing_ || is_crowded() || !round_started_) return caf::timespan{0};
    return std::max<caf::timespan>(*round_started_ + limits::stream_round_pause - now, caf::timespan{0});
  }
  std::optional<StreamPortion> take_portion(Moment now) {
    while (has_work() && wait(now) == caf::timespan{0}) {
      if (!is_dealing_) begin_round(now);
      if (auto portion = next_portion()) return portion;
      pieces_.pop_front();
      is_dealing_ = false;
    }
    return std::nullopt;
  }

  // Ends those for whom it holds: the portions that say so. What they had still to hear is lost to them; they will ask for it.
  template <class Predicate>
  [[nodiscard]] std::vector<StreamPortion> end_streams(Predicate ends, const std::shared_ptr<const std::string>& bytes) {
    std::vector<StreamPortion> out;
    for (auto at = streams_.begin(); at != streams_.end();) {
      if (!ends(at->second.pass)) {
        ++at;
        continue;
      }
      if (out.empty() || out.back().edge != at->second.edge || out.back().bytes.sessions.size() == limits::stream_portion)
        out.push_back({at->second.edge, {{}, bytes, true}});
      out.back().bytes.sessions.push_back(at->first.session);
      at = streams_.erase(at);
    }
    return out;
  }
  void clear() { *this = StreamTopic{}; }

 private:
  struct Member {
    caf::actor edge;
    StreamPass pass;
    std::uint64_t first_piece = 0; // the first that it hears
  };
  struct Piece {
    std::uint64_t number = 0;
    std::shared_ptr<std::string> text;
    bool is_open = true;           // takes further frames
  };

  void begin_round(Moment now) {
    is_dealing_ = true;
    round_started_ = now;
    dealt_upto_.reset();
    pieces_.front().is_open = false;
    waiting_bytes_ -= pieces_.front().text->size();
  }

  // Of the piece that is being dealt out, behind the streams that have it; nothing: all have it.
  std::optional<StreamPortion> next_portion() {
    const auto& piece = pieces_.front();
    std::optional<StreamPortion> out;
    for (auto at = dealt_upto_ ? streams_.upper_bound(*dealt_upto_) : streams_.begin(); at != streams_.end(); ++at) {
      const auto& [key, member] = *at;
      if (out && (out->edge != member.edge || out->bytes.sessions.size() == limits::stream_portion)) break;
      dealt_upto_ = key;
      if (member.first_piece > piece.number) continue;
      if (!out) out = StreamPortion{member.edge, {{}, piece.text, false}};
      out->bytes.sessions.push_back(key.session);
    }
    return out;
  }

  std::map<StreamKey, Member> streams_;  // limits::streams_max of all topics
  std::deque<Piece> pieces_;
  std::uint64_t last_piece_ = 0;
  std::size_t waiting_bytes_ = 0;        // of the pieces whose round has not begun
  bool is_dealing_ = false;              // the first piece
  std::optional<StreamKey> dealt_upto_;
  std::optional<Moment> round_started_;  // the latest
};

}  // namespace denrei
