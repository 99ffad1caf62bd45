// import INPUT... -o SNAP: collected files into one snapshot.

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <set>

#include "collectors/importers.h"
#include "core/snapshot/snapshot.h"
#include "viewer/cli/commands.h"

namespace tierline::viewer::cli {
namespace {

struct Options {
  std::vector<std::string> inputs;
  std::string output;
};

// The same file twice would count everything that is missing twice.
Status refuse_repetitions(const std::vector<std::string>& inputs) {
  std::set<std::filesystem::path> seen;
  for (const std::string& input : inputs) {
    std::error_code unknown;
    const std::filesystem::path real = std::filesystem::canonical(input, unknown);
    if (!unknown && !seen.insert(real).second) return Error{ErrorCode::Usage, "is named twice", input};
  }
  return {};
}

Result<int> run(const Options& options) {
  if (Status status = refuse_repetitions(options.inputs); !status) return std::move(status).error();
  snapshot::Builder builder;
  snapshot::Provenance provenance{.tool = "tierline", .tool_version = TIERLINE_VERSION};
  for (const std::string& input : options.inputs) {
    if (Status status = collectors::import_file(input, builder, provenance); !status) {
      return std::move(status).error();
    }
  }
  const std::size_t objects = builder.object_count();
  if (objects == 0) return Error{ErrorCode::BadData, "holds no object", options.inputs.front()};
  if (Status status = builder.write(options.output, provenance); !status) return std::move(status).error();
  const Result<snapshot::File> written = snapshot::File::open(options.output);
  if (!written) return written.error();
  note(fmt::format("{}: {} objects", options.output, objects));
  note_coverage(written->meta());
  return exit_for(written->meta());
}

}  // namespace

Action declare_import(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("INPUT", options->inputs,
                 "files to read: AD Explorer .dat, LDIF, a collection for BloodHound (ZIP, folder or JSON)")
      ->required();
  app.add_option("-o,--output", options->output, "the snapshot to write")->required();
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
