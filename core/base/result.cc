#include "core/base/result.h"

#include "core/base/text.h"

namespace tierline {

std::string Error::describe() const {
  std::string line;
  // Places are often names from a directory.
  if (!where.empty()) line += visible(where) + ": ";
  line += message;
  if (offset) line += " (at byte " + std::to_string(*offset) + ")";
  return line;
}

}  // namespace tierline
