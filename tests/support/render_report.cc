// Makes the page of a report: JSON on stdin, HTML on stdout. For tests of the page, which need reports that
// no directory at hand gives.

#include <cstdio>
#include <string>

#include "viewer/export/html.h"

int main() {
  std::string report;
  char block[65536];
  for (std::size_t size; (size = std::fread(block, 1, sizeof block, stdin)) > 0;) report.append(block, size);
  const std::string page = tierline::viewer::html_report(report);
  const bool written = std::fwrite(page.data(), 1, page.size(), stdout) == page.size();
  return written && std::fflush(stdout) == 0 ? 0 : 74;
}
