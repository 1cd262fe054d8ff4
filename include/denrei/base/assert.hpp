// Assertions for bugs: on in release too. A failed one throws Bug, which the actor's supervision turns into a restart.
#pragma once
#include <stdexcept>
#include <string>

namespace denrei {

struct Bug : std::logic_error {
  using std::logic_error::logic_error;
};

}  // namespace denrei

#define DENREI_STRINGIFY_(x) #x
#define DENREI_STRINGIFY(x) DENREI_STRINGIFY_(x)
#define DENREI_ASSERT(condition)                                                                      \
  do {                                                                                                \
    if (!(condition)) throw ::denrei::Bug(__FILE__ ":" DENREI_STRINGIFY(__LINE__) ": " #condition);   \
  } while (false)
