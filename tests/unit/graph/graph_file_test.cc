#include "core/graph/graph_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "queries/search.h"
#include "tests/support/attack_graphs.h"
#include "tests/support/scratch_files.h"

namespace tierline::graph {
namespace {

const GraphFile::Key kKey{.snapshot = "snapshot", .rules = "rules"};
constexpr Extent kExtent{.objects = 2000, .attributes = 10};

std::uint64_t number_at(const std::string& bytes, std::size_t place) {
  return ByteReader(as_bytes(bytes), place).u64();
}

void put(std::string& bytes, std::size_t place, std::uint64_t value, std::size_t size = 8) {
  std::memcpy(bytes.data() + place, &value, size);
}

/// The parts of a file that a test spoils and seals again.
struct Layout {
  std::size_t table = 0;                                      ///< where it begins
  std::size_t trailer = 0;                                    ///< likewise
  std::vector<std::pair<std::size_t, std::size_t>> sections;  ///< offset, size
  std::size_t first_place = 0;                                ///< of a section, in the table
  std::size_t checksums = 0;                                  ///< in the table

  explicit Layout(const std::string& bytes) {
    trailer = bytes.size() - 32;
    table = number_at(bytes, trailer);
    ByteReader reader(as_bytes(bytes), table);
    for (int i = 0; i < 3; ++i) read_text(reader);
    const std::uint32_t count = reader.u32();
    first_place = reader.offset();
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint64_t offset = reader.u64();
      sections.emplace_back(offset, reader.u64());
    }
    checksums = reader.offset() + 8;
  }

  // Sums are right again, whatever they are of.
  void seal(std::string& bytes) const {
    constexpr std::size_t kPage = 65'536;
    for (std::size_t page = 0; page * kPage < table; ++page) {
      const std::size_t size = std::min(kPage, table - page * kPage);
      put(bytes, checksums + page * 8, XXH3_64bits(bytes.data() + page * kPage, size));
    }
    put(bytes, trailer + 16, XXH3_64bits(bytes.data() + table, trailer - table));
    put(bytes, trailer + 24, XXH3_64bits(bytes.data() + trailer, 24));
  }
};

void write_graph(const std::string& path, const AttackGraph& graph) {
  const std::vector<std::uint32_t> hops(graph.node_count(), 3);
  REQUIRE(GraphFile::write(path, kKey, graph, hops, {}, "note").ok());
}

/// Asks for everything that there is; gives what to compare.
std::vector<std::uint64_t> look_at_all(const AttackGraph& graph) {
  std::vector<std::uint64_t> seen;
  EdgeId e = 0;
  for (const Edge& edge : graph.edges()) {
    for (const std::uint64_t part :
         {std::uint64_t{edge.source}, std::uint64_t{edge.target}, static_cast<std::uint64_t>(edge.kind)})
      seen.push_back(part);
    seen.push_back(graph.excluded(edge.condition).size());
    for (const Evidence& evidence : graph.evidence(e)) seen.push_back(evidence.item);
    for (const AttackGraph::Proof& proof : graph.proofs(e)) {
      for (const auto& part : proof) {
        for (const std::uint32_t place : part) seen.push_back(graph.evidence(e)[place].object);
      }
    }
    seen.push_back(graph.find_edge(edge.source, edge.target, edge.kind));
    ++e;
  }
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    const Node node = graph.node(n);
    for (const std::string_view text : {node.id, node.name, node.domain, knowledge::name_of(node.kind)})
      seen.push_back(XXH3_64bits(text.data(), text.size()));
    seen.push_back(node.sid.to_string().size());
    for (const EdgeId into : graph.in_edges(n)) seen.push_back(into);
    seen.push_back(graph.bundles_of(n).size());
  }
  const queries::DistanceField field(graph, {0});
  for (NodeId n = 0; n < graph.node_count(); ++n) {
    seen.push_back(field.hops(n));
    if (field.hops(n) == queries::kUnreachable) continue;
    for (const EdgeId step : field.path(n)) seen.push_back(step);
  }
  return seen;
}

/// What a file says, if it is not refused.
std::vector<std::uint64_t> answer_of(const std::string& path) {
  const Result<GraphFile> file = GraphFile::open(path, kKey);
  if (!file) {
    CHECK(file.error().code == ErrorCode::BadData);
    return {};
  }
  for (NodeId n = 0; n < 12; ++n) {
    const auto found = file->find(std::to_string(n));
    if (!found)
      CHECK((found.error().code == ErrorCode::BadData || found.error().code == ErrorCode::Incomplete));
    if (found && *found) CHECK((*found)->node.domain.size() + (*found)->node.sid.to_string().size() < 1000);
  }
  const Result<AttackGraph> graph = file->graph(kExtent);
  if (graph) return look_at_all(*graph);
  CHECK(graph.error().code == ErrorCode::BadData);
  CHECK(graph.error().where == path);
  return {};
}

/// A graph that has something in every column.
AttackGraph full_graph() {
  for (unsigned seed = 1;; ++seed) {
    std::mt19937 random(seed);
    AttackGraph graph = tests::random_statements(random, 12, 60).shared();
    bool has_joint_proof = false;
    for (ArcId arc = 0; arc < graph.arc_count(); ++arc)
      has_joint_proof = has_joint_proof || (graph.is_edge(arc) && graph.has_joint_proof(arc));
    const bool is_full = graph.bundle_count() > 1 && has_joint_proof && graph.condition_count() > 2 &&
                         graph.bound_arcs().size() > 2;
    if (is_full) return graph;
  }
}

TEST_CASE("a kept graph answers as the one that was written") {
  const std::string path = scratch("kept.graph");
  const AttackGraph graph = full_graph();
  write_graph(path, graph);
  CHECK(answer_of(path) == look_at_all(graph));
  const Result<GraphFile> file = GraphFile::open(path, kKey);
  REQUIRE(file.ok());
  CHECK(file->note() == "note");
  const auto found = file->find("7");
  REQUIRE(found.ok());
  REQUIRE(found->has_value());
  CHECK((*found)->node.object == 1007);
  CHECK((*found)->hops == 3);
  std::filesystem::remove(path);
}

TEST_CASE("graphs that were built fit together") {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 random(seed);
    const tests::Statements stated = tests::random_statements(random, 2 + seed % 15, seed % 90);
    CAPTURE(seed);
    REQUIRE(GraphCheck::check(stated.shared(), kExtent).ok());
    REQUIRE(GraphCheck::check(stated.flat(), kExtent).ok());
  }
}

TEST_CASE("whatever is written into a kept graph leads nowhere outside it") {
  const std::string path = scratch("crafted.graph");
  const AttackGraph graph = full_graph();
  write_graph(path, graph);
  const std::string whole = read_all(path);
  const Layout layout(whole);
  const std::vector<std::uint64_t> truth = answer_of(path);
  // By section, those that follow from others: a file must not say of them what is not so.
  const std::set<std::size_t> told_twice = {7, 8, 9, 10, 11, 15, 16, 17, 18, 19, 20, 21, 22};
  const auto try_with = [&](std::size_t place, std::size_t size, std::uint64_t value, bool is_told_twice) {
    std::string crafted = whole;
    put(crafted, place, value, size);
    if (crafted == whole) return;
    layout.seal(crafted);
    write_all(path, crafted);
    const std::vector<std::uint64_t> answer = answer_of(path);
    CAPTURE(place);
    CAPTURE(value);
    if (is_told_twice) CHECK(answer.empty());
  };
  const auto values = [](std::uint64_t old) {
    return std::vector<std::uint64_t>{0,  1,  old + 1, old - 1,    old ^ 0x100, old << 1,        11,
                                      12, 15, 0xFF,    0xFFFFFFFF, 0x7FFFFFFF,  old ^ (1u << 31)};
  };
  REQUIRE(layout.sections.size() == 27);
  for (std::size_t section = 0; section < layout.sections.size(); ++section) {
    const auto& [offset, size] = layout.sections[section];
    CAPTURE(section);
    CHECK(size != 0);
    for (std::size_t place = offset; place + 4 <= offset + size; place += 4) {
      const std::uint64_t old = number_at(whole, place) & 0xFFFFFFFF;
      // Of the texts nothing is read but as text.
      if (section == 1) continue;
      // Each of the values in one of three places.
      const std::vector<std::uint64_t> all = values(old);
      for (std::size_t v = place / 4 % 3; v < all.size(); v += 3)
        try_with(place, 4, all[v], told_twice.contains(section));
    }
    // Single bytes are values too: kinds, and whether an edge leads on.
    if (section == 0 || section == 3 || section == 14 || section == 24) {
      for (std::size_t place = offset; place < offset + size; ++place) {
        for (const std::uint64_t value : {1u, 2u, 17u, 18u, 255u}) try_with(place, 1, value, false);
      }
    }
  }
  std::filesystem::remove(path);
}

TEST_CASE("a table of sections that do not fit together is refused, and none leads outside the file") {
  const std::string path = scratch("crafted-table.graph");
  write_graph(path, full_graph());
  const std::string whole = read_all(path);
  const Layout layout(whole);
  const auto try_with = [&](std::size_t place, std::size_t size, std::uint64_t value) {
    std::string crafted = whole;
    put(crafted, place, value, size);
    layout.seal(crafted);
    write_all(path, crafted);
    return answer_of(path);
  };
  for (std::size_t section = 0; section < layout.sections.size(); ++section) {
    CAPTURE(section);
    const std::size_t place = layout.first_place + section * 16;
    const auto& [offset, size] = layout.sections[section];
    for (const std::uint64_t wrong :
         {offset + 1, offset + 8, std::uint64_t{layout.table} + 64, ~std::uint64_t{63}})
      CHECK(try_with(place, 8, wrong).empty());
    for (const std::uint64_t other :
         {std::uint64_t{0}, offset + 64, offset - 64, std::uint64_t{layout.table}})
      try_with(place, 8, other);
    for (const std::uint64_t wrong : {std::uint64_t{layout.table}, ~std::uint64_t{0}, ~std::uint64_t{63}})
      CHECK(try_with(place + 8, 8, wrong).empty());
    for (const std::uint64_t other : {0u, 1u, 3u, 4u, 8u, 12u, 16u, 40u, 72u}) {
      try_with(place + 8, 8, other);
      try_with(place + 8, 8, size - other);
      try_with(place + 8, 8, size + other);
    }
  }
  // Every other byte of the table, of the header and of the trailer, sealed as far as it can be.
  for (std::size_t place = layout.table; place + 4 <= whole.size(); ++place) {
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{0xFFFFFFFF}, std::uint64_t{0x7FFFFFFF}})
      try_with(place, 4, value);
  }
  for (std::size_t place = 0; place < 8; ++place) CHECK(try_with(place, 1, 0).empty());
  for (std::size_t size = 0; size < whole.size(); size += 61) {
    write_all(path, whole.substr(0, size));
    CHECK(answer_of(path).empty());
  }
  std::filesystem::remove(path);
}

TEST_CASE("a name that something else answers to is not told from a few pages") {
  const std::string path = scratch("names.graph");
  GraphBuilder builder;
  const NodeId a = builder.add_node({.object = 0, .id = "S-1-5-21-1-2-3-1001", .name = "A@CORP.TEST"});
  const NodeId b = builder.add_node({.object = 1, .id = "S-1-5-21-1-2-3-1002", .name = "B@CORP.TEST"});
  builder.add_node({.object = 2, .id = "S-1-5-21-1-2-3-1003", .name = "B@CORP.TEST"});
  const AttackGraph graph = builder.finish();
  const std::vector<std::uint32_t> hops = {1, 2, 3};
  const auto is_told = [&](const std::string& name, std::vector<GraphFile::OtherName> other_names) {
    REQUIRE(GraphFile::write(path, kKey, graph, hops, std::move(other_names), "").ok());
    const auto found = GraphFile::open(path, kKey)->find(name);
    REQUIRE(found.ok());
    return found->has_value();
  };
  CHECK(is_told("a@corp.test", {}));
  CHECK(is_told("s-1-5-21-1-2-3-1002", {}));
  CHECK_FALSE(is_told("b@corp.test", {}));
  CHECK_FALSE(is_told("c@corp.test", {}));
  CHECK_FALSE(is_told("a@corp.test", {{GraphFile::hash_of("A@corp.test"), b}}));
  CHECK(is_told("a@corp.test", {{GraphFile::hash_of("a@corp.test"), a}, {GraphFile::hash_of("a"), b}}));
  CHECK_FALSE(is_told("a", {{GraphFile::hash_of("a"), a}}));
  std::filesystem::remove(path);
}

TEST_CASE("more domains than 16 bits count keep their names, in memory and in a file of many pages") {
  constexpr NodeId kDomains = 66'000;
  const std::string path = scratch("domains.graph");
  GraphBuilder builder;
  for (NodeId n = 0; n < kDomains; ++n) {
    const std::string name = "D" + std::to_string(n);
    builder.add_node({.object = 0, .id = name, .name = name, .domain = name});
  }
  const AttackGraph graph = builder.finish();
  write_graph(path, graph);
  const Result<GraphFile> file = GraphFile::open(path, kKey);
  REQUIRE(file.ok());
  const Result<AttackGraph> kept = file->graph(kExtent);
  REQUIRE(kept.ok());
  for (NodeId n = 0; n < kDomains; ++n) {
    REQUIRE(graph.node(n).domain == "D" + std::to_string(n));
    REQUIRE(kept->node(n).domain == graph.node(n).domain);
  }
  const Result<GraphFile> again = GraphFile::open(path, kKey);
  REQUIRE(again.ok());
  const auto found = again->find("d65999");
  REQUIRE(found.ok());
  REQUIRE(found->has_value());
  CHECK((*found)->node.domain == "D65999");
  std::filesystem::remove(path);
}

TEST_CASE("a mapped file tells owner and mode of what is mapped, not of what has its name by now") {
  const std::string path = scratch("mapped");
  write_all(path, "first");
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  const Result<MappedFile> mapped = MappedFile::open(path);
  REQUIRE(mapped.ok());
  REQUIRE(std::filesystem::remove(path));
  write_all(path, "second");
  REQUIRE(::chmod(path.c_str(), 0666) == 0);
  CHECK(mapped->owner() == ::geteuid());
  CHECK((mapped->mode() & 07777) == 0600);
  CHECK((MappedFile::open(path)->mode() & 07777) == 0666);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace tierline::graph
