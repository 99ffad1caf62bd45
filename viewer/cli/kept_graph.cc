#include "viewer/cli/kept_graph.h"

#include "core/base/bytes.h"
#include "core/derive/rule_set.h"
#include "queries/search.h"
#include "viewer/cli/command.h"

namespace tierline::viewer::cli {
namespace {

void append_text(std::string& to, std::string_view text) {
  append(to, static_cast<std::uint32_t>(text.size()));
  to += text;
}

std::string read_text(ByteReader& from) {
  const std::uint32_t size = from.u32();
  return std::string(as_text(from.take(size)));
}

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

std::vector<snapshot::Area> coverage_of(std::string_view note) {
  std::vector<snapshot::Area> coverage;
  for (ByteReader reader(as_bytes(note)); reader.remaining() != 0;) {
    snapshot::Area& area = coverage.emplace_back();
    area.area = read_text(reader);
    area.domain = read_text(reader);
    area.asked = reader.u8() != 0;
    area.read = reader.u64();
    area.missing = reader.u64();
    area.reason = read_text(reader);
  }
  return coverage;
}

graph::GraphFile::Key key_of(const std::string& identity) {
  return {.snapshot = identity, .rules = std::string(derive::rule_set())};
}

}  // namespace

KeptGraph::KeptGraph(graph::GraphFile file) : file_(std::move(file)), coverage_(coverage_of(file_.note())) {}

Status KeptGraph::keep(const std::string& snapshot, const std::string& identity,
                       const graph::AttackGraph& graph, const std::vector<snapshot::Area>& coverage,
                       const std::vector<graph::NodeId>& tier_zero) {
  std::vector<std::uint32_t> hops;
  if (!tier_zero.empty()) {
    const queries::DistanceField field(graph, tier_zero);
    hops.reserve(graph.node_count());
    for (graph::NodeId n = 0; n < graph.node_count(); ++n) hops.push_back(field.hops(n));
  }
  return graph::GraphFile::write(path_of(snapshot), key_of(identity), graph, hops, note_of(coverage));
}

std::optional<KeptGraph> KeptGraph::of(const std::string& snapshot, const std::string& identity) {
  Result<graph::GraphFile> file = graph::GraphFile::open(path_of(snapshot), key_of(identity));
  if (file) return KeptGraph(*std::move(file));
  if (file.error().code != ErrorCode::NoInput) note(file.error().describe() + "; the graph is derived anew");
  return std::nullopt;
}

}  // namespace tierline::viewer::cli
