#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <malloc.h>

int main(int argc, char** argv) {
  // Small graphs are made by the hundred thousand: memory that goes back to the system between them is most of the time.
  constexpr int kKept = 32 << 20;
  mallopt(M_MMAP_THRESHOLD, kKept);
  mallopt(M_TRIM_THRESHOLD, kKept);
  return doctest::Context(argc, argv).run();
}
