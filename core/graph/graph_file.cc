#include "core/graph/graph_file.h"

#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "core/base/text.h"

namespace tierline::graph {
namespace {

// The file: a header; sections, each at a multiple of kAlignment; a table of them, with a checksum of every page before it; and
// where the table is: offset, size, its checksum, and one of these three numbers.
constexpr std::string_view kMagic = "TLGRAPH\x01";
constexpr std::size_t kHeaderSize = 64;
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kPage = 65'536;
constexpr std::size_t kTrailerSize = 32;

std::uint64_t checksum_of(ByteSpan bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }
std::uint64_t name_hash(std::string_view name) {
  const std::string folded = fold_case(name);
  return XXH3_64bits(folded.data(), folded.size());
}

template <class T>
ByteSpan bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
}

void append_text(std::string& to, std::string_view text) {
  append(to, static_cast<std::uint32_t>(text.size()));
  to += text;
}

std::string_view read_text(ByteReader& from) {
  const std::uint32_t size = from.u32();
  return as_text(from.take(size));
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

Status GraphFile::write(const std::string& path, const Key& key, const AttackGraph& graph,
                        std::span<const std::uint32_t> hops, std::string_view note) {
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
  std::vector<NamePlace> names;
  names.reserve(nodes.size() * 2);
  for (NodeId n = 0; n < nodes.size(); ++n) {
    names.push_back({name_hash(nodes.id(n)), n});
    names.push_back({name_hash(nodes.name(n)), n});
  }
  std::sort(names.begin(), names.end(), [](const NamePlace& a, const NamePlace& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.node < b.node;
  });
  add(bytes_of(std::span<const NamePlace>(names)));
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
  struct stat info = {};
  const bool is_ours = ::stat(path.c_str(), &info) == 0 && info.st_uid == ::geteuid() &&
                       (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  if (!is_ours) return Error{ErrorCode::BadData, "others could have written it", path};
  GraphFile file(*std::move(mapped));
  if (Status status = file.read_contents(path, key); !status) return std::move(status).error().in(path);
  return file;
}

Status GraphFile::read_contents(const std::string& path, const Key& key) {
  path_ = path;
  const ByteSpan all = file_->bytes();
  const Error damaged{ErrorCode::BadData, "is damaged or cut off"};
  if (all.size() < kHeaderSize + kTrailerSize || as_text(all.first(kMagic.size())) != kMagic) return damaged;
  const std::size_t end = all.size() - kTrailerSize;
  ByteReader trailer(all, end);
  const std::uint64_t offset = trailer.u64();
  const std::uint64_t size = trailer.u64();
  const std::uint64_t checksum = trailer.u64();
  if (trailer.u64() != checksum_of(all.subspan(end, kTrailerSize - 8)) || offset > end ||
      size != end - offset || checksum_of(all.subspan(offset, size)) != checksum)
    return damaged;
  ByteReader table(all.first(end), offset);
  const std::string snapshot(read_text(table));
  const std::string rules(read_text(table));
  if (snapshot != key.snapshot) return Error{ErrorCode::BadData, "was derived from another snapshot"};
  if (rules != key.rules) return Error{ErrorCode::BadData, "was derived by other rules"};
  note_ = read_text(table);
  const std::uint32_t sections = table.u32();
  for (std::uint32_t i = 0; i < sections && !table.failed(); ++i) {
    const std::uint64_t begin = table.u64();
    sections_.push_back({begin, table.u64()});
  }
  const std::uint64_t pages = table.u64();
  checksums_ = table.take(pages * sizeof(std::uint64_t));
  const bool fits = std::all_of(sections_.begin(), sections_.end(), [&](const Place& place) {
    return place.offset <= offset && place.size <= offset - place.offset;
  });
  std::size_t columns = 0;
  AttackGraph none;
  for_each_column(none, [&](const auto&) { ++columns; });
  if (table.failed() || !fits || sections != kFirstColumn + columns || pages != (offset + kPage - 1) / kPage)
    return damaged;
  verified_.assign(pages, false);
  return {};
}

Status GraphFile::verify(std::uint64_t offset, std::uint64_t size) const {
  const std::uint64_t end = sections_.back().offset + sections_.back().size;
  for (std::uint64_t page = offset / kPage; page * kPage < offset + size; ++page) {
    if (verified_[page]) continue;
    std::uint64_t expected = 0;
    std::memcpy(&expected, checksums_.data() + page * sizeof expected, sizeof expected);
    const std::uint64_t begin = page * kPage;
    const std::uint64_t aligned_end = (end + kAlignment - 1) / kAlignment * kAlignment;
    const ByteSpan bytes = file_->bytes().subspan(begin, std::min<std::uint64_t>(kPage, aligned_end - begin));
    if (checksum_of(bytes) != expected)
      return Error{ErrorCode::BadData, "is damaged (checksum)", path_, begin};
    verified_[page] = true;
  }
  return {};
}

ByteSpan GraphFile::bytes(unsigned section) const {
  return file_->bytes().subspan(sections_[section].offset, sections_[section].size);
}

template <class T>
Column<T> GraphFile::column(unsigned section) const {
  const ByteSpan stored = bytes(section);
  return Column<T>({reinterpret_cast<const T*>(stored.data()), stored.size() / sizeof(T)}, file_);
}

NodeTable GraphFile::node_table() const {
  ByteReader reader(bytes(kDomains));
  std::deque<std::string> domains(reader.u32());
  for (std::string& domain : domains) domain = read_text(reader);
  const ByteSpan texts = bytes(kTexts);
  return NodeTable::of(column<NodeTable::Row>(kRows),
                       TextBlocks::over({reinterpret_cast<const char*>(texts.data()), texts.size()}, file_),
                       std::move(domains), column<directory::Sid>(kIssuers));
}

Result<AttackGraph> GraphFile::graph() const {
  if (Status status = verify(0, sections_.back().offset + sections_.back().size); !status)
    return std::move(status).error();
  AttackGraph graph;
  graph.nodes_ = node_table();
  graph.edge_count_ = column<EdgeId>(kEdgeCount)[0];
  unsigned section = kFirstColumn;
  for_each_column(graph, [&]<class T>(Column<T>& to) { to = column<T>(section++); });
  const Column<std::uint32_t> proofs = column<std::uint32_t>(kJointProofs);
  for (std::size_t at = 0; at < proofs.size();) {
    const ArcId arc = proofs[at++];
    std::vector<AttackGraph::Proof> list(proofs[at++]);
    for (AttackGraph::Proof& proof : list) {
      proof.resize(proofs[at++]);
      for (auto& part : proof) {
        const std::uint32_t size = proofs[at++];
        part.assign(proofs.begin() + static_cast<std::ptrdiff_t>(at),
                    proofs.begin() + static_cast<std::ptrdiff_t>(at + size));
        at += size;
      }
    }
    graph.joint_proofs_.emplace(arc, std::move(list));
  }
  return graph;
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
    const Status status =
        verify(sections_[kNames].offset + first * sizeof(NamePlace), (last - first) * sizeof(NamePlace));
    if (!status) return status.error();
    const bool begins = first == 0 || names[first].hash < hash;
    const bool ends = last == names.size() || names[last - 1].hash > hash;
    if (begins && ends) {
      std::vector<NodeId> found;
      auto at =
          std::lower_bound(names.begin() + static_cast<std::ptrdiff_t>(first),
                           names.begin() + static_cast<std::ptrdiff_t>(last), hash,
                           [](const NamePlace& place, std::uint64_t value) { return place.hash < value; });
      for (; at != names.end() && at->hash == hash; ++at) {
        if (found.empty() || found.back() != at->node) found.push_back(at->node);
      }
      return found;
    }
    slack *= 8;
  }
}

Result<std::vector<GraphFile::Standing>> GraphFile::find(std::string_view name) const {
  if (sections_[kHops].size != sections_[kRows].size / sizeof(NodeTable::Row) * sizeof(std::uint32_t))
    return Error{ErrorCode::Incomplete, "holds no distances", path_};
  const Result<std::vector<NodeId>> candidates = nodes_with(name_hash(name));
  if (!candidates) return candidates.error();
  if (Status status = verify(sections_[kDomains]); !status) return std::move(status).error();
  if (nodes_ == nullptr) nodes_ = std::make_shared<const NodeTable>(node_table());
  const std::string folded = fold_case(name);
  std::vector<Standing> found;
  for (const NodeId n : *candidates) {
    Status status = verify(sections_[kRows].offset + n * sizeof(NodeTable::Row), sizeof(NodeTable::Row));
    if (!status) return std::move(status).error();
    status = verify(sections_[kIssuers].offset + nodes_->rows()[n].issuer * sizeof(directory::Sid),
                    sizeof(directory::Sid));
    if (!status) return std::move(status).error();
    for (const TextBlocks::Ref text : {nodes_->rows()[n].id, nodes_->rows()[n].name}) {
      status = verify(sections_[kTexts].offset + (text >> TextBlocks::kLengthBits),
                      text & ((1u << TextBlocks::kLengthBits) - 1));
      if (!status) return std::move(status).error();
    }
    status = verify(sections_[kHops].offset + n * sizeof(std::uint32_t), sizeof(std::uint32_t));
    if (!status) return std::move(status).error();
    const Node node = (*nodes_)[n];
    if (fold_case(node.id) == folded || fold_case(node.name) == folded)
      found.push_back({node, column<std::uint32_t>(kHops)[n]});
  }
  return found;
}

}  // namespace tierline::graph
