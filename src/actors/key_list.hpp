// The list of all keys of a family: partition by partition, the names of their key files. Pure; who asks the shelf is the Archive.
//
// Shape   KeyList::begin({family, member, limit}, cursor, partitions) -> list; then list.take(page of partition(), asked with query())
//         until it is true; list.body() -> {"data":[{member}],"next":cursor|null}
// Cursor  "<partition>:<scan cursor>" or, within what one scan cursor gives, "<partition>:<scan cursor>:<last key>"
// Rules   what has an event from the first page to the last is on one of them, perhaps on several: the reader sorts that out.
//         Not so when the store restarts in between. A page never holds more than its limit
// Limits  calls_max looks into the store; then the page is short, or even empty, and has a next one all the same
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "denrei/ports/shelf.hpp"

namespace denrei {

// What is listed: keys of `family`, each as {"<member>": key}, at most `limit` on a page.
struct ListedKeys {
  std::string_view family;  // a literal
  std::string_view member;  // likewise
  std::size_t limit = 0;
};

class KeyList {
 public:
  static constexpr std::string_view first_cursor = "0:0";
  // Invalid: not a cursor that body() gave, or of a store with more partitions.
  [[nodiscard]] static Result<KeyList> begin(const ListedKeys& what, std::string_view cursor, std::size_t partitions);
  [[nodiscard]] std::uint32_t partition() const noexcept { return at_.partition; }
  [[nodiscard]] FieldsQuery query() const;
  [[nodiscard]] bool take(FieldsPage page);
  [[nodiscard]] std::string body() const;

 private:
  static constexpr std::size_t calls_max = 5'000;  // about 5 million keys, and half of the time that an answer may take

  struct Place {
    std::uint32_t partition = 0;
    std::string scan = "0";
    std::string after;        // of what this scan cursor gives, these and the ones before have been on a page
  };
  [[nodiscard]] static bool read_cursor(std::string_view text, Place& place);

  KeyList(const ListedKeys& what, Place at, std::size_t partitions) : what_(what), at_(std::move(at)), partitions_(partitions) {}
  [[nodiscard]] bool is_over() const noexcept { return at_.partition >= partitions_; }

  ListedKeys what_;
  Place at_;
  std::size_t partitions_;
  std::size_t calls_ = 0;
  std::vector<std::string> keys_;
};

}  // namespace denrei
