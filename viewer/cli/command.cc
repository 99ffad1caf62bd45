#include "viewer/cli/command.h"

#include <cstdio>

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

int exit_for(const snapshot::Meta& meta) { return meta.is_complete() ? kDone : kIncomplete; }

}  // namespace tierline::viewer::cli
