#include "core/base/result.h"

namespace tierline {

std::string Error::describe() const {
  std::string line;
  if (!where.empty()) line += where + ": ";
  line += message;
  if (offset) line += " (at byte " + std::to_string(*offset) + ")";
  return line;
}

}  // namespace tierline
