// tierline_generate_docs FOLDER: writes the generated documents there.

#include <cstdio>
#include <fstream>

#include "tests/support/generated_docs.h"

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  for (const auto& document : tierline::tests::generated_documents()) {
    std::ofstream file(std::string(argv[1]) + "/" + document.name, std::ios::binary);
    file << document.render();
    if (!file.flush()) {
      std::fprintf(stderr, "cannot write %s\n", document.name);
      return 74;
    }
  }
  return 0;
}
