// export SNAP --format F -o FILE: hands the answer over as a file.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "core/base/file.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/html.h"
#include "viewer/export/report_json.h"

namespace tierline::viewer::cli {
namespace {

struct Options {
  std::string path;
  std::vector<std::string> to;
  std::string format;
  std::string output;
};

/// One format: what it makes of a report.
struct Format {
  const char* name;
  std::string (*render)(std::string_view report);
};

constexpr Format kFormats[] = {
    {"html", html_report},
    {"json", [](std::string_view report) { return std::string(report) + "\n"; }},
};

Result<int> run(const Options& options) {
  constexpr std::size_t kPathsPerSource = 3;
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const auto targets = loaded->targets(options.to);
  if (!targets) return targets.error();
  const std::string name = options.to.empty() ? "Tier Zero" : fmt::format("{}", fmt::join(options.to, ", "));
  const std::string report =
      report_json(loaded->snapshot, loaded->graph, loaded->meta, *targets, name, kPathsPerSource);
  Result<AtomicFile> file = AtomicFile::create(options.output);
  if (!file) return std::move(file).error();
  for (const Format& format : kFormats) {
    if (options.format != format.name) continue;
    if (Status status = file->write(format.render(report)); !status) return std::move(status).error();
  }
  if (Status status = file->commit(); !status) return std::move(status).error();
  note(fmt::format("wrote {}", options.output));
  note_coverage(loaded->meta);
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_export(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  std::vector<std::string> names;
  for (const Format& format : kFormats) names.emplace_back(format.name);
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("--to", options->to, "the targets (repeatable); default: tier0");
  app.add_option("--format", options->format, "html: one page that opens from disk; json: its data")
      ->required()
      ->check(CLI::IsMember(names));
  app.add_option("-o,--output", options->output, "the file to write")->required();
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
