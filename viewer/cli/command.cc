#include "viewer/cli/command.h"

#include <fmt/format.h>

#include <cstdio>

#include "core/base/text.h"

namespace tierline::viewer::cli {

void add_format(CLI::App& app, std::string& format, const std::vector<std::string>& choices) {
  format = choices.front();
  app.add_option("--format", format, "how to write the answer")
      ->check(CLI::IsMember(choices))
      ->capture_default_str();
  app.add_flag_callback(
      "--json", [&format] { format = "json"; }, "short for --format json");
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void note(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fputc('\n', stderr);
}

std::string coverage_text(const snapshot::Meta& meta) {
  std::string text;
  for (const snapshot::Area& area : meta.coverage) {
    if (!area.is_partial()) continue;
    text += fmt::format("not fully read: {}{}{}: {} missing ({})\n", visible(area.area),
                        area.domain.empty() ? "" : " of ", visible(area.domain), area.missing,
                        visible(area.reason));
  }
  return text;
}

void note_coverage(const snapshot::Meta& meta) {
  const std::string text = coverage_text(meta);
  if (!text.empty()) note(text.substr(0, text.size() - 1));
}

int exit_for(const snapshot::Meta& meta) { return meta.is_complete() ? kDone : kIncomplete; }

}  // namespace tierline::viewer::cli
