#pragma once

// The documents that are made from the knowledge tables.

#include <span>
#include <string>

namespace tierline::tests {

struct GeneratedDocument {
  const char* name;  ///< under docs/
  std::string (*render)();
};

std::span<const GeneratedDocument> generated_documents();

}  // namespace tierline::tests
