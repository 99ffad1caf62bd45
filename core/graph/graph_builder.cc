#include "core/graph/graph_builder.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <tuple>

#include "core/base/parallel.h"
#include "core/graph/out_edges.h"

namespace tierline::graph {

using knowledge::EdgeKind;

ConditionId GraphBuilder::condition(std::vector<NodeId> excluded) {
  if (excluded.empty()) return 0;
  std::sort(excluded.begin(), excluded.end());
  excluded.erase(std::unique(excluded.begin(), excluded.end()), excluded.end());
  const auto [place, added] =
      condition_ids_.emplace(std::move(excluded), static_cast<ConditionId>(conditions_.size()));
  if (added) conditions_.push_back(place->first);
  return place->second;
}

void GraphBuilder::add_edge(const Edge& edge, Evidence evidence) { own().add({edge, evidence}); }

void GraphBuilder::add_joint_edge(const Edge& edge, const std::vector<std::vector<Evidence>>& parts) {
  for_each_part(parts, [&](const Evidence& evidence, ProofPart part) { own().add({edge, evidence, part}); });
}

void GraphBuilder::take(EdgeBatch&& batch) { batches_.insert(batches_.end() - 1, std::move(batch)); }

template <class Take>
void GraphBuilder::for_each_part(const std::vector<std::vector<Evidence>>& parts, const Take& take) {
  const auto is_said = [](const std::vector<Evidence>& part) { return !part.empty(); };
  const bool is_joint = std::count_if(parts.begin(), parts.end(), is_said) > 1;
  if (is_joint) ++joint_proofs_;
  std::uint32_t number = 0;
  for (const std::vector<Evidence>& part : parts) {
    for (const Evidence& evidence : part)
      take(evidence, is_joint ? ProofPart{joint_proofs_, number} : ProofPart());
    ++number;
  }
}

BundleId GraphBuilder::add_bundle() { return bundles_++; }

void GraphBuilder::put(BundleSort sort, BundleId bundle, NodeId node) {
  std::vector<BundleId>& of = bundle_of_[static_cast<std::size_t>(sort)];
  if (of.size() <= node) of.resize(std::max<std::size_t>(nodes_.size(), node + 1), kNoBundle);
  of[node] = bundle;
}

BundleId GraphBuilder::bundle_of(BundleSort sort, NodeId node) const {
  const std::vector<BundleId>& of = bundle_of_[static_cast<std::size_t>(sort)];
  return node < of.size() ? of[node] : kNoBundle;
}

void GraphBuilder::add_shared_edge(const Edge& edge, BundleId bundle, Evidence evidence) {
  Edge shared = edge;
  shared.target = bundle;
  shared_.push_back({shared, evidence});
}

void GraphBuilder::add_shared_joint_edge(const Edge& edge, BundleId bundle,
                                         const std::vector<std::vector<Evidence>>& parts) {
  Edge shared = edge;
  shared.target = bundle;
  for_each_part(parts, [&](const Evidence& evidence, ProofPart part) {
    shared_.push_back({shared, evidence, part});
  });
}

/// Makes the columns of a graph out of what a builder was given.
class Assembly {
 public:
  explicit Assembly(GraphBuilder& builder) : builder_(builder) {}

  AttackGraph run() {
    sort_shared();
    evict_exceptions();
    choose_bundles();
    expand();
    scatter();
    write_edges();
    write_bundles();
    write_arcs_into();
    return write_rest();
  }

 private:
  using Packed = EdgeBatch::Packed;

  // The edges into each bundle, by kind and source.
  void sort_shared() {
    std::vector<PendingEdge>& shared = builder_.shared_;
    std::stable_sort(shared.begin(), shared.end(), [](const PendingEdge& a, const PendingEdge& b) {
      return std::tuple(a.edge.target, a.edge.kind, a.edge.source) <
             std::tuple(b.edge.target, b.edge.kind, b.edge.source);
    });
    first_shared_.assign(builder_.bundles_ + 1, 0);
    for (const PendingEdge& pending : shared) ++first_shared_[pending.edge.target + 1];
    for (BundleId b = 0; b < builder_.bundles_; ++b) first_shared_[b + 1] += first_shared_[b];
  }

  std::span<const PendingEdge> edges_into(BundleId bundle) const {
    return std::span(builder_.shared_)
        .subspan(first_shared_[bundle], first_shared_[bundle + 1] - first_shared_[bundle]);
  }

  // What is true of one node of a bundle alone takes it out: a right on itself, or a second reason for an edge.
  void evict_exceptions() {
    std::array<bool, EdgeBatch::kKinds> is_shared = {};
    for (const PendingEdge& pending : builder_.shared_) {
      is_shared[static_cast<std::size_t>(pending.edge.kind)] = true;
      for (std::size_t sort = 0; sort < GraphBuilder::kSorts; ++sort) {
        if (bundle_of(sort, pending.edge.source) == pending.edge.target) evict(sort, pending.edge.source);
      }
    }
    for (std::size_t kind = 0; kind < is_shared.size(); ++kind) {
      if (!is_shared[kind]) continue;
      for (const EdgeBatch& batch : builder_.batches_) {
        for (const Packed& row : batch.rows(static_cast<EdgeKind>(kind)))
          evict_repeated(static_cast<EdgeKind>(kind), row);
      }
    }
  }

  void evict_repeated(EdgeKind kind, const Packed& row) {
    for (std::size_t sort = 0; sort < GraphBuilder::kSorts; ++sort) {
      const BundleId bundle = bundle_of(sort, row.target);
      if (bundle == kNoBundle) continue;
      const auto into = edges_into(bundle);
      const std::tuple wanted(kind, row.source);
      const auto found = std::lower_bound(
          into.begin(), into.end(), wanted,
          [](const PendingEdge& a, const auto& key) { return std::tuple(a.edge.kind, a.edge.source) < key; });
      if (found != into.end() && std::tuple(found->edge.kind, found->edge.source) == wanted) {
        evict(sort, row.target);
      }
    }
  }

  BundleId bundle_of(std::size_t sort, NodeId node) const {
    const std::vector<BundleId>& of = builder_.bundle_of_[sort];
    return node < of.size() ? of[node] : kNoBundle;
  }

  void evict(std::size_t sort, NodeId node) {
    evicted_.emplace_back(node, builder_.bundle_of_[sort][node]);
    builder_.bundle_of_[sort][node] = kNoBundle;
  }

  // A bundle is kept where it takes less than its edges one by one.
  void choose_bundles() {
    std::vector<std::uint64_t> size(builder_.bundles_, 0);
    for (const std::vector<BundleId>& of : builder_.bundle_of_) {
      for (const BundleId bundle : of) {
        if (bundle != kNoBundle) ++size[bundle];
      }
    }
    vertex_of_.assign(builder_.bundles_, kNoNode);
    const auto nodes = static_cast<VertexId>(builder_.nodes_.size());
    for (BundleId b = 0; b < builder_.bundles_; ++b) {
      const std::uint64_t edges = edges_into(b).size();
      if (edges * size[b] > edges + size[b]) vertex_of_[b] = nodes + kept_++;
    }
    for (std::size_t sort = 0; sort < GraphBuilder::kSorts; ++sort) {
      std::vector<BundleId>& of = builder_.bundle_of_[sort];
      for (NodeId n = 0; n < of.size(); ++n) {
        if (of[n] != kNoBundle && vertex_of_[of[n]] == kNoNode) evict(sort, n);
      }
    }
  }

  void expand() {
    for (const auto& [node, bundle] : evicted_) {
      const std::uint32_t object = builder_.nodes_.object(node);
      for (PendingEdge pending : edges_into(bundle)) {
        pending.edge.target = node;
        if (pending.edge.source == node) continue;  // of whatever kind
        if (pending.evidence.object == Evidence::kEach) pending.evidence.object = object;
        builder_.own().add(pending);
      }
    }
  }

  // All edges by their sources; within a source they stay in order of their kinds.
  void scatter() {
    const std::size_t nodes = builder_.nodes_.size();
    EdgeBatch into_bundles;
    for (const PendingEdge& pending : builder_.shared_) {
      if (vertex_of_[pending.edge.target] == kNoNode) continue;
      PendingEdge kept = pending;
      kept.edge.target = vertex_of_[pending.edge.target];
      into_bundles.add(kept);
    }
    std::vector<PendingEdge>().swap(builder_.shared_);
    builder_.batches_.push_back(std::move(into_bundles));
    // Each thread has a part of the sources, and looks at all rows for them.
    const std::size_t parts = workers_for(builder_.nodes_.size());
    first_of_.assign(nodes + 1, 0);
    in_parallel(parts, parts, [&](std::size_t part) {
      const Range sources = part_of(nodes, part, parts);
      for (const EdgeBatch& batch : builder_.batches_) {
        for (std::size_t kind = 0; kind < EdgeBatch::kKinds; ++kind) {
          for (const Packed& row : batch.rows(static_cast<EdgeKind>(kind))) {
            if (sources.contains(row.source)) ++first_of_[row.source + 1];
          }
        }
      }
    });
    for (std::size_t n = 0; n < nodes; ++n) first_of_[n + 1] += first_of_[n];
    rows_ = std::make_unique_for_overwrite<Packed[]>(first_of_[nodes]);
    std::vector<std::uint64_t> next(first_of_.begin(), first_of_.end() - 1);
    std::vector<std::vector<std::uint32_t>> common_of;  // what each batch calls its own way
    for (const EdgeBatch& batch : builder_.batches_) {
      std::vector<std::uint32_t>& numbers = common_of.emplace_back();
      for (std::uint32_t c = 0; c < batch.commons().size(); ++c)
        numbers.push_back(commons_.number_of(batch.commons()[c]));
    }
    // In the order in which they are to stand, most need no sorting then.
    std::array<EdgeKind, EdgeBatch::kKinds> kinds = {};
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) kinds[kind] = static_cast<EdgeKind>(kind);
    std::sort(kinds.begin(), kinds.end(),
              [](EdgeKind a, EdgeKind b) { return knowledge::out_order(a) < knowledge::out_order(b); });
    const auto is_empty = [](EdgeKind kind) {
      return [kind](const EdgeBatch& batch) { return batch.rows(kind).empty(); };
    };
    for (const EdgeKind kind : kinds) {
      if (std::all_of(builder_.batches_.begin(), builder_.batches_.end(), is_empty(kind))) continue;
      in_parallel(parts, parts, [&](std::size_t part) {
        const Range sources = part_of(nodes, part, parts);
        for (std::size_t b = 0; b < builder_.batches_.size(); ++b) {
          for (const Packed& row : builder_.batches_[b].rows(kind)) {
            if (!sources.contains(row.source)) continue;
            Packed& written = rows_[next[row.source]++] = row;
            written.common = common_of[b][row.common];
          }
        }
      });
      for (EdgeBatch& batch : builder_.batches_) batch.clear(kind);
    }
  }

  void write_edges() {
    const std::size_t nodes = builder_.nodes_.size();
    out_.reserve(nodes + kept_ + 1, first_of_[nodes]);
    in_ranges(
        nodes,
        [&](Range range) {
          return OutEdges(static_cast<NodeId>(range.first), static_cast<NodeId>(range.last), nodes,
                          {rows_.get(), first_of_[nodes]}, first_of_, commons_);
        },
        [&](OutEdges&& more) { joined_.append(std::move(more)); });
    out_.evidence_start.push_back(static_cast<std::uint32_t>(out_.evidence.size()));
    rows_.reset();
  }

  void write_bundles() {
    std::vector<std::uint32_t> first(kept_ + 1, 0);
    const auto nodes = static_cast<VertexId>(builder_.nodes_.size());
    for (const std::vector<BundleId>& of : builder_.bundle_of_) {
      for (const BundleId bundle : of) {
        if (bundle != kNoBundle) ++first[vertex_of_[bundle] - nodes + 1];
      }
    }
    for (std::size_t b = 0; b < kept_; ++b) first[b + 1] += first[b];
    const std::size_t edges = out_.head.size();
    out_.head.resize(edges + first[kept_]);
    std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
    for (const std::vector<BundleId>& of : builder_.bundle_of_) {
      for (NodeId n = 0; n < of.size(); ++n) {
        if (of[n] != kNoBundle) out_.head[edges + next[vertex_of_[of[n]] - nodes]++] = n;
      }
    }
    for (std::size_t b = 0; b < kept_; ++b) {
      out_.start.push_back(static_cast<ArcId>(edges + first[b]));
      out_.keep.push_back(out_.start.back());
      out_.free.push_back(static_cast<ArcId>(edges + first[b + 1]));
    }
    out_.start.push_back(static_cast<ArcId>(out_.head.size()));
    fan_skip_.push_back(0);
    for (const ArcId fan : out_.into_bundles) {
      const VertexId bundle = out_.head[fan] - nodes;
      fan_skip_.push_back(fan_skip_.back() + first[bundle + 1] - first[bundle] - 1);
    }
  }

  // The free arcs into each vertex, those that put into tokens first, then those that take a condition, then those that lead
  // nowhere.
  void write_arcs_into() {
    const std::size_t vertices = out_.free.size();
    const std::size_t parts = workers_for(builder_.nodes_.size());
    in_start_.assign(vertices + 1, 0);
    in_parallel(parts, parts, [&](std::size_t part) {
      const Range heads = part_of(vertices, part, parts);
      for (const VertexId head : out_.head) {
        if (heads.contains(head)) ++in_start_[head + 1];
      }
    });
    for (std::size_t v = 0; v < vertices; ++v) in_start_[v + 1] += in_start_[v];
    in_token_.resize(vertices);
    in_free_.resize(vertices);
    in_tail_.resize(out_.head.size());
    in_arc_.resize(out_.head.size());
    next_.assign(in_start_.begin(), in_start_.end() - 1);
    // Each thread has a part of the heads with as many arcs as those of others, and looks at all arcs for them.
    const auto first_head = [&](std::size_t part) {
      const std::size_t arcs = part_of(out_.head.size(), part, parts).first;
      return static_cast<std::size_t>(std::lower_bound(in_start_.begin(), in_start_.end() - 1, arcs) -
                                      in_start_.begin());
    };
    in_parallel(parts, parts, [&](std::size_t part) {
      write_arcs_into({first_head(part), part + 1 == parts ? vertices : first_head(part + 1)});
    });
    for (VertexId v = 0; v < builder_.nodes_.size(); ++v) {
      for (ArcId arc = out_.free[v]; arc < out_.start[v + 1]; ++arc) {
        if (out_.traits[out_.trait[arc]].traversable) bound_.push_back(arc);
      }
    }
  }

  void write_arcs_into(Range heads) {
    const auto write = [&](VertexId tail, ArcId arc) {
      if (!heads.contains(out_.head[arc])) return;
      const std::uint32_t place = next_[out_.head[arc]]++;
      in_tail_[place] = tail;
      in_arc_[place] = arc;
    };
    const auto puts_in_token = [&](ArcId arc) {
      return arc < out_.trait.size() && knowledge::puts_in_token(out_.traits[out_.trait[arc]].kind);
    };
    const auto vertices = static_cast<VertexId>(out_.free.size());
    for (const bool is_token : {true, false}) {
      for (VertexId v = 0; v < vertices; ++v) {
        for (ArcId arc = out_.start[v]; arc < out_.free[v]; ++arc) {
          if (puts_in_token(arc) == is_token) write(v, arc);
        }
      }
      const auto from = [&](std::size_t place) { return next_.begin() + static_cast<std::ptrdiff_t>(place); };
      std::copy(from(heads.first), from(heads.last),
                (is_token ? in_token_ : in_free_).begin() + static_cast<std::ptrdiff_t>(heads.first));
    }
    for (const bool is_traversable : {true, false}) {
      for (VertexId v = 0; v < builder_.nodes_.size(); ++v) {
        for (ArcId arc = out_.free[v]; arc < out_.start[v + 1]; ++arc) {
          if (out_.traits[out_.trait[arc]].traversable == is_traversable) write(v, arc);
        }
      }
    }
  }

  AttackGraph write_rest() {
    AttackGraph graph;
    graph.nodes_ = std::move(builder_.nodes_);
    graph.edge_count_ = out_.tail.size() + fan_skip_.back();
    graph.out_start_ = Column(std::move(out_.start));
    graph.out_keep_ = Column(std::move(out_.keep));
    graph.out_free_ = Column(std::move(out_.free));
    graph.tail_ = Column(std::move(out_.tail));
    graph.head_ = Column(std::move(out_.head));
    graph.trait_ = Column(std::move(out_.trait));
    graph.traits_ = Column(std::move(out_.traits));
    graph.in_start_ = Column(std::move(in_start_));
    graph.in_token_ = Column(std::move(in_token_));
    graph.in_free_ = Column(std::move(in_free_));
    graph.in_tail_ = Column(std::move(in_tail_));
    graph.in_arc_ = Column(std::move(in_arc_));
    graph.bound_ = Column(std::move(bound_));
    graph.fan_arc_ = Column(std::move(out_.into_bundles));
    graph.fan_skip_ = Column(std::move(fan_skip_));
    graph.evidence_start_ = Column(std::move(out_.evidence_start));
    graph.evidence_ = Column(std::move(out_.evidence));
    std::vector<std::uint32_t> condition_start = {0};
    std::vector<NodeId> conditions;
    for (const std::vector<NodeId>& excluded : builder_.conditions_) {
      conditions.insert(conditions.end(), excluded.begin(), excluded.end());
      condition_start.push_back(static_cast<std::uint32_t>(conditions.size()));
    }
    graph.condition_start_ = Column(std::move(condition_start));
    graph.conditions_ = Column(std::move(conditions));
    for (auto& [arc, proofs] : out_.proofs) graph.joint_proofs_.emplace(arc, std::move(proofs));
    return graph;
  }

  GraphBuilder& builder_;
  std::vector<std::uint64_t> first_shared_;
  std::vector<std::pair<NodeId, BundleId>> evicted_;
  std::vector<VertexId> vertex_of_;  ///< by bundle of the builder; kNoNode for one that is not kept
  std::uint32_t kept_ = 0;
  std::vector<std::uint64_t> first_of_;
  std::unique_ptr<Packed[]> rows_;  ///< by source
  EdgeBatch::Commons commons_;      ///< of these

  JoinedOutEdges joined_;
  OutEdges& out_ = joined_.all;
  std::vector<std::uint32_t> in_start_;
  std::vector<std::uint32_t> in_token_;
  std::vector<std::uint32_t> in_free_;
  std::vector<std::uint32_t> next_;  ///< by vertex, where the next arc into it stands
  std::vector<VertexId> in_tail_;
  std::vector<ArcId> in_arc_;
  std::vector<ArcId> bound_;
  std::vector<std::uint64_t> fan_skip_;
};

AttackGraph GraphBuilder::finish() { return Assembly(*this).run(); }

}  // namespace tierline::graph
