// export SNAP --format F -o FILE: hands the answer over as a file, or as a folder of several.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "core/base/file.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/loaded_graph.h"
#include "viewer/export/formats.h"
#include "viewer/export/html.h"
#include "viewer/export/report_json.h"
#include "viewer/export/sharphound.h"

namespace tierline::viewer::cli {
namespace {

struct Options {
  std::string path;
  std::vector<std::string> to;
  std::string format;
  std::string output;
};

std::string report_of(const ExportInput& input) {
  constexpr std::size_t kPathsPerSource = 3;
  return report_json(input.snapshot, input.graph, input.meta, input.targets, input.target_name,
                     kPathsPerSource);
}

/// One format: a file, or several in a folder.
struct Format {
  const char* name;
  const char* what;
  bool is_of_targets = false;  ///< the ways to them; otherwise it is the whole graph
  std::string (*file)(const ExportInput& input) = nullptr;
  std::vector<ExportedFile> (*files)(const ExportInput& input) = nullptr;
};

constexpr Format kFormats[] = {
    {.name = "html",
     .what = "one page that opens from disk",
     .is_of_targets = true,
     .file = [](const ExportInput& input) { return html_report(report_of(input)); }},
    {.name = "json",
     .what = "its data",
     .is_of_targets = true,
     .file = [](const ExportInput& input) { return report_of(input) + "\n"; }},
    {.name = "dot", .what = "its paths for Graphviz", .is_of_targets = true, .file = dot},
    {.name = "graphml", .what = "the whole graph for graph programs", .file = graphml},
    {.name = "opengraph",
     .what = "the whole graph for BloodHound and whatever reads its format",
     .file = opengraph},
    {.name = "sharphound",
     .what = "a collection for BloodHound in a folder, as SharpHound writes it",
     .files = sharphound},
    {.name = "csv", .what = "the whole graph as nodes.csv and edges.csv in a folder", .files = csv_tables},
    {.name = "neo4j", .what = "the same for Neo4j's bulk import", .files = neo4j_tables},
    {.name = "navigator",
     .what = "ATT&CK Navigator layer of the techniques present",
     .file = navigator_layer},
};

Status write(const std::string& path, std::string_view content) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return std::move(file).error();
  if (Status status = file->write(content); !status) return status;
  return file->commit();
}

/// A folder out of sight, which is gone afterwards unless it was moved to where it belongs.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Into a folder beside its destination first, so that no half of an export is ever there.
Status write_folder(const std::string& path, const std::vector<ExportedFile>& files) {
  namespace fs = std::filesystem;
  const auto failure = [&](const std::error_code& code) {
    return Error{ErrorCode::CannotCreate, "cannot create: " + code.message(), path};
  };
  std::error_code code;
  if (fs::exists(fs::symlink_status(path, code)))
    return Error{ErrorCode::CannotCreate, "is there already", path};
  std::string temporary = (fs::absolute(path, code).parent_path() / ".tierline-XXXXXX").string();
  if (::mkdtemp(temporary.data()) == nullptr) return failure({errno, std::generic_category()});
  const TemporaryFolder folder(std::move(temporary));
  for (const ExportedFile& file : files) {
    if (Status status = write(folder.path() + "/" + file.name, file.content); !status) return status;
  }
  fs::rename(folder.path(), path, code);
  return code ? Status(failure(code)) : Status();
}

Result<int> run(const Options& options) {
  Result<LoadedGraph> loaded = LoadedGraph::open(options.path);
  if (!loaded) return std::move(loaded).error();
  const auto format = std::find_if(std::begin(kFormats), std::end(kFormats),
                                   [&](const Format& known) { return options.format == known.name; });
  Result<std::vector<graph::NodeId>> targets = std::vector<graph::NodeId>();
  if (format->is_of_targets || !options.to.empty()) targets = loaded->targets(options.to);
  if (!targets) return targets.error();
  const std::string name = target_name(options.to);
  const ExportInput input{loaded->snapshot, loaded->graph, loaded->meta, *targets, name};
  Status status = format->file != nullptr ? write(options.output, format->file(input))
                                          : write_folder(options.output, format->files(input));
  if (!status) return std::move(status).error();
  note(fmt::format("wrote {}", options.output));
  note_coverage(loaded->meta);
  return exit_for(loaded->meta);
}

}  // namespace

Action declare_export(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  std::vector<std::string> names;
  std::string help;
  for (const Format& format : kFormats) {
    names.emplace_back(format.name);
    help += fmt::format("{}{}: {}", help.empty() ? "" : "; ", format.name, format.what);
  }
  app.add_option("SNAP", options->path, "the snapshot")->required();
  app.add_option("--to", options->to, "the targets of html, json and dot (repeatable); default: tier0");
  app.add_option("--format", options->format, help)->required()->check(CLI::IsMember(names));
  app.add_option("-o,--output", options->output, "the file to write, or the folder to create")->required();
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
