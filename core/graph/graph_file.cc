#include "core/graph/graph_file.h"

#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <utility>

#include "core/base/text.h"
#include "core/directory/sid.h"

namespace tierline::graph {
namespace {

// The file: a header; sections, each at a multiple of kAlignment; a table of them, with a checksum of every page before
// it; and where the table is: offset, size, its checksum, and one of these three numbers.
constexpr std::string_view kMagic = "TLGRAPH\x01";
constexpr std::size_t kHeaderSize = 64;
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kPage = 65'536;
constexpr std::size_t kTrailerSize = 32;

std::uint64_t checksum_of(ByteSpan bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

template <class T>
ByteSpan bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
}

}  // namespace

// The columns of AttackGraph come after these, in the order of for_each_column().
enum GraphFile::Section : std::uint8_t {
  kRows,
  kTexts,
  kDomains,
  kIssuers,
  kHops,
  kNames,
  kJointProofs,
  kEdgeCount,
  kFirstColumn
};

template <class Graph, class Visit>
void GraphFile::for_each_column(Graph& graph, const Visit& visit) {
  visit(graph.out_start_);
  visit(graph.out_keep_);
  visit(graph.out_free_);
  visit(graph.tail_);
  visit(graph.head_);
  visit(graph.trait_);
  visit(graph.traits_);
  visit(graph.in_start_);
  visit(graph.in_token_);
  visit(graph.in_free_);
  visit(graph.in_tail_);
  visit(graph.in_arc_);
  visit(graph.bound_);
  visit(graph.fan_arc_);
  visit(graph.fan_skip_);
  visit(graph.evidence_start_);
  visit(graph.evidence_);
  visit(graph.condition_start_);
  visit(graph.conditions_);
}

/// Writes sections one after the other, and keeps the checksum of each page.
class GraphFile::Writer {
 public:
  explicit Writer(AtomicFile file) : file_(std::move(file)) {}

  Status begin() {
    std::string header(kMagic);
    header.resize(kHeaderSize);
    return put(as_bytes(header));
  }

  Status add(ByteSpan bytes) {
    if (Status status = align(); !status) return status;
    sections_.push_back({offset_, bytes.size()});
    return put(bytes);
  }
  /// A section that comes in pieces.
  Status begin_section() {
    if (Status status = align(); !status) return status;
    sections_.push_back({offset_, 0});
    return {};
  }
  Status add_piece(ByteSpan bytes) {
    sections_.back().size += bytes.size();
    return put(bytes);
  }

  Status finish(const Key& key, std::string_view note) {
    if (Status status = align(); !status) return status;
    if (!page_.empty()) checksums_.push_back(checksum_of(as_bytes(page_)));
    if (Status status = file_.write(page_); !status) return status;
    std::string table;
    append_text(table, key.snapshot);
    append_text(table, key.rules);
    append_text(table, note);
    append(table, static_cast<std::uint32_t>(sections_.size()));
    for (const Place& place : sections_) {
      append(table, place.offset);
      append(table, place.size);
    }
    append(table, static_cast<std::uint64_t>(checksums_.size()));
    for (const std::uint64_t checksum : checksums_) append(table, checksum);
    if (Status status = file_.write(table); !status) return status;
    std::string trailer;
    append(trailer, offset_);
    append(trailer, static_cast<std::uint64_t>(table.size()));
    append(trailer, checksum_of(as_bytes(table)));
    append(trailer, checksum_of(as_bytes(trailer)));
    if (Status status = file_.write(trailer); !status) return status;
    return file_.commit();
  }

 private:
  Status align() {
    return put(as_bytes(std::string((kAlignment - offset_ % kAlignment) % kAlignment, '\0')));
  }

  Status put(ByteSpan bytes) {
    offset_ += bytes.size();
    while (!bytes.empty()) {
      const std::size_t taken = std::min(bytes.size(), kPage - page_.size());
      page_ += as_text(bytes.first(taken));
      bytes = bytes.subspan(taken);
      if (page_.size() < kPage) break;
      checksums_.push_back(checksum_of(as_bytes(page_)));
      if (Status status = file_.write(page_); !status) return status;
      page_.clear();
    }
    return {};
  }

  AtomicFile file_;
  std::uint64_t offset_ = 0;
  std::string page_;
  std::vector<std::uint64_t> checksums_;
  std::vector<Place> sections_;
};

std::uint64_t GraphFile::hash_of(std::string_view name) {
  const std::string folded = fold_case(name);
  return XXH3_64bits(folded.data(), folded.size());
}

// By hash, then node. Of other names only those are there that somebody has as a name or an identifier, as find() looks
// for no others.
std::vector<GraphFile::NamePlace> GraphFile::name_places(const NodeTable& nodes,
                                                         std::vector<OtherName>&& other_names) {
  const auto is_before = [](const auto& a, const auto& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.node < b.node;
  };
  std::vector<NamePlace> names;
  names.reserve(nodes.size() * 2);
  for (NodeId n = 0; n < nodes.size(); ++n) {
    names.push_back({hash_of(nodes.id(n)), n});
    names.push_back({hash_of(nodes.name(n)), n});
  }
  std::sort(names.begin(), names.end(), is_before);
  std::sort(other_names.begin(), other_names.end(), is_before);
  const std::size_t own = names.size();
  std::size_t at = 0;
  for (const OtherName& other : other_names) {
    while (at < own && names[at].hash < other.hash) ++at;
    if (at < own && names[at].hash == other.hash) names.push_back({other.hash, other.node});
  }
  std::inplace_merge(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(own), names.end(), is_before);
  return names;
}

Status GraphFile::write(const std::string& path, const Key& key, const AttackGraph& graph,
                        std::span<const std::uint32_t> hops, std::vector<OtherName> other_names,
                        std::string_view note) {
  Result<AtomicFile> created = AtomicFile::create(path);
  if (!created) return std::move(created).error();
  Writer writer(*std::move(created));
  Status status = writer.begin();
  const auto add = [&](ByteSpan bytes) {
    if (status) status = writer.add(bytes);
  };
  const NodeTable& nodes = graph.nodes();
  add(bytes_of(nodes.rows()));
  if (status) status = writer.begin_section();
  for (std::size_t at = 0; at < nodes.texts().size() && status; at += TextBlocks::kBlock) {
    const std::size_t size = std::min(TextBlocks::kBlock, nodes.texts().size() - at);
    status = writer.add_piece(as_bytes({nodes.texts().blocks()[at / TextBlocks::kBlock], size}));
  }
  std::string domains;
  append(domains, static_cast<std::uint32_t>(nodes.domains().size()));
  for (const std::string& domain : nodes.domains()) append_text(domains, domain);
  add(as_bytes(domains));
  add(bytes_of(nodes.issuers()));
  add(bytes_of(hops));
  add(bytes_of(std::span<const NamePlace>(name_places(nodes, std::move(other_names)))));
  std::vector<std::uint32_t> proofs;
  std::vector<ArcId> arcs;
  for (const auto& [arc, list] : graph.joint_proofs_) arcs.push_back(arc);
  std::sort(arcs.begin(), arcs.end());
  for (const ArcId arc : arcs) {
    const auto& list = graph.joint_proofs_.at(arc);
    proofs.insert(proofs.end(), {arc, static_cast<std::uint32_t>(list.size())});
    for (const AttackGraph::Proof& proof : list) {
      proofs.push_back(static_cast<std::uint32_t>(proof.size()));
      for (const auto& part : proof) {
        proofs.push_back(static_cast<std::uint32_t>(part.size()));
        proofs.insert(proofs.end(), part.begin(), part.end());
      }
    }
  }
  add(bytes_of(std::span<const std::uint32_t>(proofs)));
  add(bytes_of(std::span(&graph.edge_count_, 1)));
  for_each_column(graph, [&](const auto& column) { add(bytes_of(column.span())); });
  if (!status) return status;
  return writer.finish(key, note);
}

Result<GraphFile> GraphFile::open(const std::string& path, const Key& key) {
  Result<MappedFile> mapped = MappedFile::open(path);
  if (!mapped) return std::move(mapped).error();
  if (mapped->owner() != ::geteuid() || (mapped->mode() & (S_IWGRP | S_IWOTH)) != 0)
    return Error{ErrorCode::BadData, "others could have written it", path};
  GraphFile file(*std::move(mapped));
  file.path_ = path;
  if (Status status = file.read_contents(key); !status) return std::move(status).error().in(path);
  return file;
}

Error GraphFile::damaged(std::string_view what) const {
  return Error{ErrorCode::BadData, "is damaged (" + std::string(what) + ")", path_};
}

Status GraphFile::read_contents(const Key& key) {
  const ByteSpan all = file_->bytes();
  const Error damaged{ErrorCode::BadData, "is damaged or cut off"};
  if (all.size() < kHeaderSize + kTrailerSize || as_text(all.first(kMagic.size())) != kMagic) return damaged;
  const std::size_t end = all.size() - kTrailerSize;
  ByteReader trailer(all, end);
  end_ = trailer.u64();
  const std::uint64_t size = trailer.u64();
  const std::uint64_t checksum = trailer.u64();
  if (trailer.u64() != checksum_of(all.subspan(end, kTrailerSize - 8)) || end_ > end || size != end - end_ ||
      checksum_of(all.subspan(end_, size)) != checksum)
    return damaged;
  ByteReader table(all.first(end), end_);
  const std::string_view snapshot = read_text(table);
  const std::string_view rules = read_text(table);
  if (snapshot != key.snapshot) return Error{ErrorCode::BadData, "was derived from another snapshot"};
  if (rules != key.rules) return Error{ErrorCode::BadData, "was derived by other rules"};
  note_ = read_text(table);
  const std::uint32_t sections = table.u32();
  for (std::uint32_t i = 0; i < sections && !table.failed(); ++i) {
    const std::uint64_t begin = table.u64();
    sections_.push_back({begin, table.u64()});
  }
  const std::uint64_t pages = table.u64();
  if (pages != (end_ + kPage - 1) / kPage) return damaged;
  checksums_ = table.take(pages * sizeof(std::uint64_t));
  if (table.failed() || table.remaining() != 0 || !sections_fit()) return damaged;
  verified_.assign(pages, false);
  return {};
}

bool GraphFile::sections_fit() const {
  std::vector<std::size_t> units = {sizeof(NodeTable::Row),
                                    1,
                                    1,
                                    sizeof(directory::Sid),
                                    sizeof(std::uint32_t),
                                    sizeof(NamePlace),
                                    sizeof(std::uint32_t),
                                    sizeof(EdgeId)};
  AttackGraph none;
  for_each_column(none, [&]<class T>(const Column<T>&) { units.push_back(sizeof(T)); });
  if (sections_.size() != units.size()) return false;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const Place& place = sections_[i];
    if (place.offset % kAlignment != 0 || place.size % units[i] != 0) return false;
    if (place.offset > end_ || place.size > end_ - place.offset) return false;
  }
  const std::uint64_t nodes = sections_[kRows].size / sizeof(NodeTable::Row);
  const std::uint64_t hops = sections_[kHops].size / sizeof(std::uint32_t);
  return nodes < kNoNode && (hops == 0 || hops == nodes) && sections_[kEdgeCount].size == sizeof(EdgeId);
}

Status GraphFile::verify(std::uint64_t offset, std::uint64_t size) const {
  if (offset > end_ || size > end_ - offset) return damaged("a place beyond its end");
  for (std::uint64_t page = offset / kPage; page * kPage < offset + size; ++page) {
    if (verified_[page]) continue;
    std::uint64_t expected = 0;
    std::memcpy(&expected, checksums_.data() + page * sizeof expected, sizeof expected);
    const std::uint64_t begin = page * kPage;
    const ByteSpan bytes = file_->bytes().subspan(begin, std::min<std::uint64_t>(kPage, end_ - begin));
    if (checksum_of(bytes) != expected)
      return Error{ErrorCode::BadData, "is damaged (checksum)", path_, begin};
    verified_[page] = true;
  }
  return {};
}

template <class T>
Status GraphFile::verify_entries(unsigned section, std::size_t first, std::size_t last) const {
  if (last > sections_[section].size / sizeof(T)) return damaged("an entry beyond its column");
  return verify(sections_[section].offset + first * sizeof(T), (last - first) * sizeof(T));
}

ByteSpan GraphFile::bytes(unsigned section) const {
  return file_->bytes().subspan(sections_[section].offset, sections_[section].size);
}

template <class T>
Column<T> GraphFile::column(unsigned section) const {
  const ByteSpan stored = bytes(section);
  return Column<T>({reinterpret_cast<const T*>(stored.data()), stored.size() / sizeof(T)}, file_);
}

Result<NodeTable> GraphFile::node_table() const {
  std::deque<std::string> domains;
  ByteReader reader(bytes(kDomains));
  for (std::uint32_t left = reader.u32(); left > 0 && !reader.failed(); --left)
    domains.emplace_back(read_text(reader));
  if (reader.failed()) return damaged("domains");
  const ByteSpan texts = bytes(kTexts);
  return NodeTable::of(column<NodeTable::Row>(kRows),
                       TextBlocks::over({reinterpret_cast<const char*>(texts.data()), texts.size()}, file_),
                       std::move(domains), column<directory::Sid>(kIssuers));
}

Result<AttackGraph> GraphFile::graph(const Extent& extent) const {
  if (Status status = verify(0, end_); !status) return std::move(status).error();
  AttackGraph graph;
  Result<NodeTable> nodes = node_table();
  if (!nodes) return std::move(nodes).error();
  graph.nodes_ = *std::move(nodes);
  graph.edge_count_ = column<EdgeId>(kEdgeCount)[0];
  unsigned section = kFirstColumn;
  for_each_column(graph, [&]<class T>(Column<T>& to) { to = column<T>(section++); });
  if (Status status = read_joint_proofs(graph); !status) return std::move(status).error();
  if (Status status = GraphCheck::check(graph, extent); !status) return std::move(status).error().in(path_);
  if (!names_are_sound()) return damaged("names that do not fit");
  return graph;
}

Status GraphFile::read_joint_proofs(AttackGraph& graph) const {
  ByteReader reader(bytes(kJointProofs));
  // Nothing is made room for on the word of a count.
  const auto repeat = [&](const auto& read) {
    for (std::uint32_t left = reader.u32(); left > 0 && !reader.failed(); --left) read();
  };
  while (reader.remaining() != 0) {
    const ArcId arc = reader.u32();
    std::vector<AttackGraph::Proof> proofs;
    repeat([&] {
      AttackGraph::Proof& proof = proofs.emplace_back();
      repeat([&] {
        std::vector<std::uint32_t>& part = proof.emplace_back();
        repeat([&] { part.push_back(reader.u32()); });
      });
    });
    if (reader.failed() || !graph.joint_proofs_.emplace(arc, std::move(proofs)).second)
      return damaged("proofs");
  }
  return {};
}

bool GraphFile::names_are_sound() const {
  const std::size_t nodes = sections_[kRows].size / sizeof(NodeTable::Row);
  const Column<NamePlace> names = column<NamePlace>(kNames);
  return std::all_of(names.begin(), names.end(),
                     [&](const NamePlace& place) { return place.node < nodes; }) &&
         std::is_sorted(names.begin(), names.end(),
                        [](const NamePlace& a, const NamePlace& b) { return a.hash < b.hash; });
}

// Hashes are spread evenly, so where one is can be guessed.
Result<std::vector<NodeId>> GraphFile::nodes_with(std::uint64_t hash) const {
  const Column<NamePlace> names = column<NamePlace>(kNames);
  const auto guess =
      static_cast<std::size_t>(static_cast<double>(hash) / 0x1p64 * static_cast<double>(names.size()));
  std::size_t slack = 2048;
  while (true) {
    const std::size_t first = guess - std::min(guess, slack);
    const std::size_t last = std::min(names.size(), guess + slack);
    if (Status status = verify_entries<NamePlace>(kNames, first, last); !status)
      return std::move(status).error();
    const bool begins = first == 0 || names[first].hash < hash;
    const bool ends = last == names.size() || names[last - 1].hash > hash;
    if (begins && ends) {
      std::vector<NodeId> found;
      const std::span<const NamePlace> near = names.slice(first, last);
      auto at =
          std::lower_bound(near.begin(), near.end(), hash,
                           [](const NamePlace& place, std::uint64_t value) { return place.hash < value; });
      for (; at != near.end() && at->hash == hash; ++at) {
        if (found.empty() || found.back() != at->node) found.push_back(at->node);
      }
      return found;
    }
    slack *= 8;
  }
}

// All that find() reads of a node.
Status GraphFile::verify_node(NodeId node) const {
  if (Status status = verify_entries<NodeTable::Row>(kRows, node, std::size_t{node} + 1); !status)
    return status;
  if (!nodes_->is_sound(node)) return damaged("a node that does not fit");
  const NodeTable::Row& row = nodes_->rows()[node];
  Status status = verify_entries<directory::Sid>(kIssuers, row.issuer, std::size_t{row.issuer} + 1);
  for (const TextBlocks::Ref text : {row.id, row.name}) {
    if (!status) return status;
    status = verify(sections_[kTexts].offset + TextBlocks::place_of(text), TextBlocks::length_of(text));
  }
  if (status) status = verify_entries<std::uint32_t>(kHops, node, std::size_t{node} + 1);
  if (status && nodes_->issuers()[row.issuer].count() > directory::Sid::kMaxSubAuthorities)
    return damaged("a SID that is none");
  return status;
}

Result<std::optional<GraphFile::Standing>> GraphFile::find(std::string_view name) const {
  if (sections_[kHops].size == 0) return Error{ErrorCode::Incomplete, "holds no distances", path_};
  const Result<std::vector<NodeId>> candidates = nodes_with(hash_of(name));
  if (!candidates) return candidates.error();
  if (candidates->size() != 1) return std::optional<Standing>();
  if (nodes_ == nullptr) {
    if (Status status = verify(sections_[kDomains].offset, sections_[kDomains].size); !status)
      return std::move(status).error();
    Result<NodeTable> nodes = node_table();
    if (!nodes) return std::move(nodes).error();
    nodes_ = std::make_shared<const NodeTable>(*std::move(nodes));
  }
  const NodeId found = candidates->front();
  if (Status status = verify_node(found); !status) return std::move(status).error();
  const Node node = (*nodes_)[found];
  const std::string folded = fold_case(name);
  if (fold_case(node.id) != folded && fold_case(node.name) != folded) return std::optional<Standing>();
  return std::optional(Standing{node, column<std::uint32_t>(kHops)[found]});
}

}  // namespace tierline::graph
