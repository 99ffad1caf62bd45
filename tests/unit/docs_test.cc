#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "tests/support/generated_docs.h"

TEST_CASE("generated documents are what the tables say (else run tierline_generate_docs docs)") {
  for (const auto& document : tierline::tests::generated_documents()) {
    CAPTURE(document.name);
    std::ifstream file(std::string(TIERLINE_SOURCE_DIR "/docs/") + document.name, std::ios::binary);
    CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == document.render());
  }
}
