// info SNAP: what a snapshot holds and where it came from.

#include <memory>

#include "core/snapshot/snapshot.h"
#include "viewer/cli/commands.h"
#include "viewer/export/json.h"

namespace tierline::viewer::cli {
namespace {

struct Options {
  std::string path;
  std::string format;
};

Result<int> run(const Options& options) {
  const Result<snapshot::Snapshot> opened = snapshot::Snapshot::open(options.path);
  if (!opened) return opened.error();
  JsonWriter json;
  begin_answer(json, "info");
  json.key("objects").number(static_cast<std::uint64_t>(opened->object_count()));
  write_provenance(json, opened->meta().provenance);
  write_coverage(json, opened->meta());
  json.end_object();
  print(json.take() + "\n");
  return exit_for(opened->meta());
}

}  // namespace

Action declare_info(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("SNAP", options->path, "the snapshot")->required();
  add_format(app, options->format, {"text", "json"});
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
