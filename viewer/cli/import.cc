// import INPUT... -o SNAP: collected files into one snapshot.

#include <fmt/format.h>

#include <memory>

#include "collectors/importers.h"
#include "core/snapshot/snapshot.h"
#include "viewer/cli/commands.h"

namespace tierline::viewer::cli {
namespace {

struct Options {
  std::vector<std::string> inputs;
  std::string output;
};

Result<int> run(const Options& options) {
  snapshot::Builder builder;
  snapshot::Provenance provenance{.tool = "tierline", .tool_version = TIERLINE_VERSION};
  for (const std::string& input : options.inputs) {
    if (Status status = collectors::import_file(input, builder, provenance); !status) {
      return std::move(status).error();
    }
  }
  const std::size_t objects = builder.object_count();
  if (Status status = builder.write(options.output, provenance); !status) return std::move(status).error();
  const Result<snapshot::File> written = snapshot::File::open(options.output);
  if (!written) return written.error();
  note(fmt::format("{}: {} objects", options.output, objects));
  return exit_for(written->meta());
}

}  // namespace

Action declare_import(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("INPUT", options->inputs, "files to read: AD Explorer .dat")->required();
  app.add_option("-o,--output", options->output, "the snapshot to write")->required();
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
