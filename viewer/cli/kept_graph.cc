#include "viewer/cli/kept_graph.h"

#include <utility>

#include "core/base/bytes.h"
#include "core/derive/rule_set.h"
#include "queries/principals.h"
#include "queries/search.h"
#include "viewer/cli/command.h"

namespace tierline::viewer::cli {
namespace {

std::string note_of(const std::vector<snapshot::Area>& coverage) {
  std::string note;
  for (const snapshot::Area& area : coverage) {
    append_text(note, area.area);
    append_text(note, area.domain);
    note += static_cast<char>(area.asked);
    append(note, area.read);
    append(note, area.missing);
    append_text(note, area.reason);
  }
  return note;
}

Result<std::vector<snapshot::Area>> coverage_of(const graph::GraphFile& file) {
  std::vector<snapshot::Area> coverage;
  ByteReader reader(as_bytes(file.note()));
  while (reader.remaining() != 0) {
    snapshot::Area& area = coverage.emplace_back();
    area.area = read_text(reader);
    area.domain = read_text(reader);
    area.asked = reader.u8() != 0;
    area.read = reader.u64();
    area.missing = reader.u64();
    area.reason = read_text(reader);
  }
  if (reader.failed()) return Error{ErrorCode::BadData, "is damaged (coverage)", file.path()};
  return coverage;
}

graph::GraphFile::Key key_of(const std::string& identity) {
  return {.snapshot = identity, .rules = std::string(derive::rule_set())};
}

void note_unused(const Error& error) { note(error.describe() + "; the graph is derived anew"); }

}  // namespace

Status KeptGraph::keep(const snapshot::Snapshot& snapshot, const graph::AttackGraph& graph,
                       const std::vector<snapshot::Area>& coverage,
                       const std::vector<graph::NodeId>& tier_zero) {
  std::vector<std::uint32_t> hops;
  if (!tier_zero.empty()) {
    const queries::DistanceField field(graph, tier_zero);
    hops.reserve(graph.node_count());
    for (graph::NodeId n = 0; n < graph.node_count(); ++n) hops.push_back(field.hops(n));
  }
  std::vector<graph::GraphFile::OtherName> names;
  for (graph::NodeId n = 0; n < graph.node_count(); ++n) {
    for (const std::string& name : queries::other_names(snapshot, graph, n))
      names.push_back({graph::GraphFile::hash_of(name), n});
  }
  return graph::GraphFile::write(path_of(snapshot.path()), key_of(snapshot.identity()), graph, hops,
                                 std::move(names), note_of(coverage));
}

std::optional<KeptGraph> KeptGraph::of(const snapshot::File& snapshot) {
  Result<graph::GraphFile> file =
      graph::GraphFile::open(path_of(snapshot.path()), key_of(snapshot.identity()));
  if (!file) {
    if (file.error().code != ErrorCode::NoInput) note_unused(file.error());
    return std::nullopt;
  }
  Result<std::vector<snapshot::Area>> coverage = coverage_of(*file);
  if (!coverage) {
    note_unused(coverage.error());
    return std::nullopt;
  }
  return KeptGraph(*std::move(file), *std::move(coverage));
}

Result<std::optional<graph::GraphFile::Standing>> KeptGraph::find(std::string_view name) const {
  if (!queries::is_plain_name(name)) return std::optional<graph::GraphFile::Standing>();
  return file_.find(name);
}

std::optional<graph::AttackGraph> KeptGraph::graph(const snapshot::Snapshot& snapshot) const {
  Result<graph::AttackGraph> graph =
      file_.graph({.objects = snapshot.object_count(), .attributes = snapshot.meta().attributes.size()});
  if (graph) return *std::move(graph);
  note_unused(graph.error());
  return std::nullopt;
}

}  // namespace tierline::viewer::cli
