#include "core/graph/graph_builder.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <tuple>

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

GraphBuilder::Packed GraphBuilder::pack(const PendingEdge& pending) {
  const auto& [edge, evidence, part] = pending;
  const Common common = {edge.kind,           edge.traversable, evidence.kind, evidence.attribute,
                         edge.caveats.bits(), edge.condition,   part};
  std::uint32_t& last = last_common_[static_cast<std::size_t>(edge.kind)];
  if (last >= commons_.size() || commons_[last] != common) {
    const auto [place, added] =
        common_index_.try_emplace(common, static_cast<std::uint32_t>(commons_.size()));
    if (added) commons_.push_back(common);
    last = place->second;
  }
  return {edge.source, edge.target, evidence.object, evidence.item, last};
}

void GraphBuilder::add_edge(const Edge& edge, Evidence evidence) {
  if (edge.source != edge.target || knowledge::may_be_to_itself(edge.kind))
    pending_[static_cast<std::size_t>(edge.kind)].push_back(pack({edge, evidence}));
}

void GraphBuilder::add_joint_edge(const Edge& edge, const std::vector<std::vector<Evidence>>& parts) {
  if (edge.source == edge.target && !knowledge::may_be_to_itself(edge.kind)) return;
  for_each_part(parts, [&](const Evidence& evidence, Part part) {
    pending_[static_cast<std::size_t>(edge.kind)].push_back(pack({edge, evidence, part}));
  });
}

template <class Take>
void GraphBuilder::for_each_part(const std::vector<std::vector<Evidence>>& parts, const Take& take) {
  const auto is_said = [](const std::vector<Evidence>& part) { return !part.empty(); };
  const bool is_joint = std::count_if(parts.begin(), parts.end(), is_said) > 1;
  if (is_joint) ++joint_proofs_;
  std::uint32_t number = 0;
  for (const std::vector<Evidence>& part : parts) {
    for (const Evidence& evidence : part) take(evidence, is_joint ? Part{joint_proofs_, number} : Part());
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
  for_each_part(parts, [&](const Evidence& evidence, Part part) {
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
  using PendingEdge = GraphBuilder::PendingEdge;
  using Packed = GraphBuilder::Packed;

  const GraphBuilder::Common& common(const Packed& row) const { return builder_.commons_[row.common]; }

  std::uint64_t key_of(const Packed& row) const {
    return std::uint64_t{knowledge::out_order(common(row).kind)} << 32 | row.target;
  }

  // What orders the rows of one edge: first the evidence as such.
  auto evidence_of(const Packed& row) const {
    return std::tuple(common(row).proof, common(row).attribute, row.object, row.item);
  }

  bool comes_before(const Packed& a, const Packed& b) const {
    const std::uint64_t left = key_of(a);
    const std::uint64_t right = key_of(b);
    if (left != right) return left < right;
    return std::pair(evidence_of(a), common(a).part) < std::pair(evidence_of(b), common(b).part);
  }

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
    std::array<bool, GraphBuilder::kKinds> is_shared = {};
    for (const PendingEdge& pending : builder_.shared_) {
      is_shared[static_cast<std::size_t>(pending.edge.kind)] = true;
      for (std::size_t sort = 0; sort < GraphBuilder::kSorts; ++sort) {
        if (bundle_of(sort, pending.edge.source) == pending.edge.target) evict(sort, pending.edge.source);
      }
    }
    for (std::size_t kind = 0; kind < is_shared.size(); ++kind) {
      if (!is_shared[kind]) continue;
      for (const Packed& row : builder_.pending_[kind]) {
        for (std::size_t sort = 0; sort < GraphBuilder::kSorts; ++sort) {
          const BundleId bundle = bundle_of(sort, row.target);
          if (bundle == kNoBundle) continue;
          const auto into = edges_into(bundle);
          const std::tuple wanted(static_cast<EdgeKind>(kind), row.source);
          const auto found =
              std::lower_bound(into.begin(), into.end(), wanted, [](const PendingEdge& a, const auto& key) {
                return std::tuple(a.edge.kind, a.edge.source) < key;
              });
          if (found != into.end() && std::tuple(found->edge.kind, found->edge.source) == wanted) {
            evict(sort, row.target);
          }
        }
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
        if (pending.edge.source == node) continue;
        if (pending.evidence.object == Evidence::kEach) pending.evidence.object = object;
        builder_.pending_[static_cast<std::size_t>(pending.edge.kind)].push_back(builder_.pack(pending));
      }
    }
  }

  // All edges by their sources; within a source they stay in order of their kinds.
  void scatter() {
    const std::size_t nodes = builder_.nodes_.size();
    first_of_.assign(nodes + 1, 0);
    for (const GraphBuilder::Rows& rows : builder_.pending_) {
      for (const Packed& row : rows) ++first_of_[row.source + 1];
    }
    std::array<std::vector<Packed>, GraphBuilder::kKinds> into_bundles;
    for (const PendingEdge& pending : builder_.shared_) {
      if (vertex_of_[pending.edge.target] == kNoNode) continue;
      Packed row = builder_.pack(pending);
      row.target = vertex_of_[pending.edge.target];
      into_bundles[static_cast<std::size_t>(pending.edge.kind)].push_back(row);
      ++first_of_[row.source + 1];
    }
    std::vector<PendingEdge>().swap(builder_.shared_);
    for (std::size_t n = 0; n < nodes; ++n) first_of_[n + 1] += first_of_[n];
    rows_ = std::make_unique_for_overwrite<Packed[]>(first_of_[nodes]);
    std::vector<std::uint64_t> next(first_of_.begin(), first_of_.end() - 1);
    // In the order in which they are to stand, most need no sorting then.
    std::array<std::size_t, GraphBuilder::kKinds> kinds = {};
    std::iota(kinds.begin(), kinds.end(), std::size_t{0});
    std::sort(kinds.begin(), kinds.end(), [](std::size_t a, std::size_t b) {
      return knowledge::out_order(static_cast<EdgeKind>(a)) < knowledge::out_order(static_cast<EdgeKind>(b));
    });
    for (const std::size_t kind : kinds) {
      for (const Packed& row : builder_.pending_[kind]) rows_[next[row.source]++] = row;
      for (const Packed& row : into_bundles[kind]) rows_[next[row.source]++] = row;
      GraphBuilder::Rows().swap(builder_.pending_[kind]);
    }
  }

  /// Edges of one identity, which become one.
  struct Group {
    Edge edge;
    std::size_t first;
    std::size_t last;
    bool has_other_conditions = false;
  };

  // `group` and `other` agree in identity; afterwards the group says what both said.
  static void merge(Group& group, const Edge& other) {
    Edge& into = group.edge;
    if (other.traversable == into.traversable) {
      if (into.condition != other.condition) {
        // Two different conditions: the edge holds when either does. Only an unconditional one can stand for
        // both; otherwise the first is kept, which claims less than the truth, never more, and says so.
        if (into.condition != 0 && into.traversable) group.has_other_conditions = true;
        if (other.condition == 0) into.condition = 0;
      }
      // A caveat holds for the edge only if no evidence is free of it.
      into.caveats = knowledge::Caveats::from_bits(into.caveats.bits() & other.caveats.bits());
    } else if (other.traversable) {
      into = other;
      group.has_other_conditions = false;
    }
  }

  void write_edges() {
    const std::size_t nodes = builder_.nodes_.size();
    const std::size_t rows = first_of_[nodes];
    out_start_.reserve(nodes + kept_ + 1);
    out_free_.reserve(nodes + kept_);
    out_keep_.reserve(nodes + kept_);
    tail_.reserve(rows);
    head_.reserve(rows);
    trait_.reserve(rows);
    evidence_start_.reserve(rows + 1);
    evidence_.reserve(rows);
    std::vector<Group> groups;
    for (NodeId n = 0; n < nodes; ++n) {
      const auto begin = rows_.get() + first_of_[n];
      const auto end = rows_.get() + first_of_[n + 1];
      const auto before = [&](const Packed& a, const Packed& b) { return comes_before(a, b); };
      if (!std::is_sorted(begin, end, before)) std::sort(begin, end, before);
      groups.clear();
      for (std::size_t i = first_of_[n]; i < first_of_[n + 1]; ++i) {
        const Edge edge = builder_.unpack(rows_[i]).edge;
        if (!groups.empty() && key_of(rows_[i - 1]) == key_of(rows_[i])) {
          merge(groups.back(), edge);
          groups.back().last = i + 1;
        } else {
          groups.push_back({edge, i, i + 1});
        }
      }
      for (Group& group : groups) {
        const bool is_told = group.has_other_conditions && group.edge.condition != 0;
        if (is_told) group.edge.caveats |= knowledge::Caveat::OtherConditions;
      }
      out_start_.push_back(static_cast<ArcId>(head_.size()));
      const auto is_free = [](const Edge& edge) { return edge.traversable && edge.condition == 0; };
      for (const Group& group : groups) {
        if (is_free(group.edge) && knowledge::keeps_actor(group.edge.kind)) write(group);
      }
      out_keep_.push_back(static_cast<ArcId>(head_.size()));
      for (const Group& group : groups) {
        if (is_free(group.edge) && !knowledge::keeps_actor(group.edge.kind)) write(group);
      }
      out_free_.push_back(static_cast<ArcId>(head_.size()));
      for (const Group& group : groups) {
        if (!is_free(group.edge)) write(group);
      }
    }
    evidence_start_.push_back(static_cast<std::uint32_t>(evidence_.size()));
    rows_.reset();
  }

  void write(const Group& group) {
    const auto arc = static_cast<ArcId>(head_.size());
    const Edge& edge = group.edge;
    if (edge.target >= builder_.nodes_.size()) fans_.push_back(arc);
    tail_.push_back(edge.source);
    head_.push_back(edge.target);
    trait_.push_back(trait_place({edge.kind, edge.traversable, 0, edge.caveats.bits(), edge.condition}));
    evidence_start_.push_back(static_cast<std::uint32_t>(evidence_.size()));
    const bool is_joint = builder_.joint_proofs_ != 0 &&
                          std::any_of(rows_.get() + group.first, rows_.get() + group.last,
                                      [&](const Packed& row) { return common(row).part.proof != 0; });
    // What gives it to some only, or leads nowhere, is evidence of it, and no proof.
    const auto is_full = [&](const Packed& row) {
      const GraphBuilder::Common& of = common(row);
      return of.traversable == edge.traversable && (of.condition == 0 || of.condition == edge.condition);
    };
    const bool are_listed =
        is_joint || !std::all_of(rows_.get() + group.first, rows_.get() + group.last, is_full);
    // Evidence by the proof and the part of it that it belongs to.
    std::map<std::uint32_t, std::map<std::uint32_t, std::vector<std::uint32_t>>> joint;
    std::vector<AttackGraph::Proof> proofs;  // first those of one piece
    for (std::size_t i = group.first; i < group.last; ++i) {
      const auto& [same, evidence, part] = builder_.unpack(rows_[i]);
      const bool is_new = i == group.first || evidence_.back() != evidence;
      if (is_new) evidence_.push_back(evidence);
      const auto place = static_cast<std::uint32_t>(evidence_.size() - evidence_start_.back() - 1);
      if (!are_listed || !is_full(rows_[i])) continue;
      if (part.proof != 0) {
        std::vector<std::uint32_t>& places = joint[part.proof][part.number];
        if (places.empty() || places.back() != place) places.push_back(place);
      } else {
        proofs.push_back({{place}});
      }
    }
    if (!are_listed) return;
    for (const auto& [proof, parts] : joint) {
      AttackGraph::Proof& found = proofs.emplace_back();
      for (const auto& [part, places] : parts) found.push_back(places);
    }
    std::sort(proofs.begin(), proofs.end());
    proofs.erase(std::unique(proofs.begin(), proofs.end()), proofs.end());
    joint_proofs_.emplace(arc, std::move(proofs));
  }

  std::uint32_t trait_place(const AttackGraph::Trait& trait) {
    std::uint32_t& last = last_trait_[static_cast<std::size_t>(trait.kind)];
    if (last < traits_.size() && traits_[last] == trait) return last;
    const auto [place, added] = trait_index_.emplace(trait, static_cast<std::uint32_t>(traits_.size()));
    if (added) traits_.push_back(trait);
    return last = place->second;
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
    const std::size_t edges = head_.size();
    head_.resize(edges + first[kept_]);
    std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
    for (const std::vector<BundleId>& of : builder_.bundle_of_) {
      for (NodeId n = 0; n < of.size(); ++n) {
        if (of[n] != kNoBundle) head_[edges + next[vertex_of_[of[n]] - nodes]++] = n;
      }
    }
    for (std::size_t b = 0; b < kept_; ++b) {
      out_start_.push_back(static_cast<ArcId>(edges + first[b]));
      out_keep_.push_back(out_start_.back());
      out_free_.push_back(static_cast<ArcId>(edges + first[b + 1]));
    }
    out_start_.push_back(static_cast<ArcId>(head_.size()));
    fan_skip_.push_back(0);
    for (const ArcId fan : fans_) {
      const VertexId bundle = head_[fan] - nodes;
      fan_skip_.push_back(fan_skip_.back() + first[bundle + 1] - first[bundle] - 1);
    }
  }

  // The free arcs into each vertex, those that put into tokens first, then those that take a condition, then those that lead
  // nowhere.
  void write_arcs_into() {
    const std::size_t vertices = out_free_.size();
    in_start_.assign(vertices + 1, 0);
    for (const VertexId head : head_) ++in_start_[head + 1];
    for (std::size_t v = 0; v < vertices; ++v) in_start_[v + 1] += in_start_[v];
    const std::size_t nodes = builder_.nodes_.size();
    in_tail_.resize(head_.size());
    in_arc_.resize(head_.size());
    std::vector<std::uint32_t> next(in_start_.begin(), in_start_.end() - 1);
    const auto write = [&](VertexId tail, ArcId arc) {
      const std::uint32_t place = next[head_[arc]]++;
      in_tail_[place] = tail;
      in_arc_[place] = arc;
    };
    const auto puts_in_token = [&](ArcId arc) {
      return arc < trait_.size() && knowledge::puts_in_token(traits_[trait_[arc]].kind);
    };
    for (const bool is_token : {true, false}) {
      for (VertexId v = 0; v < vertices; ++v) {
        for (ArcId arc = out_start_[v]; arc < out_free_[v]; ++arc) {
          if (puts_in_token(arc) == is_token) write(v, arc);
        }
      }
      (is_token ? in_token_ : in_free_) = next;
    }
    for (const bool is_traversable : {true, false}) {
      for (VertexId v = 0; v < nodes; ++v) {
        for (ArcId arc = out_free_[v]; arc < out_start_[v + 1]; ++arc) {
          if (traits_[trait_[arc]].traversable == is_traversable) write(v, arc);
          if (is_traversable && traits_[trait_[arc]].traversable) bound_.push_back(arc);
        }
      }
    }
  }

  AttackGraph write_rest() {
    AttackGraph graph;
    graph.nodes_ = std::move(builder_.nodes_);
    graph.edge_count_ = tail_.size() + fan_skip_.back();
    graph.out_start_ = Column(std::move(out_start_));
    graph.out_keep_ = Column(std::move(out_keep_));
    graph.out_free_ = Column(std::move(out_free_));
    graph.tail_ = Column(std::move(tail_));
    graph.head_ = Column(std::move(head_));
    graph.trait_ = Column(std::move(trait_));
    graph.traits_ = Column(std::move(traits_));
    graph.in_start_ = Column(std::move(in_start_));
    graph.in_token_ = Column(std::move(in_token_));
    graph.in_free_ = Column(std::move(in_free_));
    graph.in_tail_ = Column(std::move(in_tail_));
    graph.in_arc_ = Column(std::move(in_arc_));
    graph.bound_ = Column(std::move(bound_));
    graph.fan_arc_ = Column(std::move(fans_));
    graph.fan_skip_ = Column(std::move(fan_skip_));
    graph.evidence_start_ = Column(std::move(evidence_start_));
    graph.evidence_ = Column(std::move(evidence_));
    std::vector<std::uint32_t> condition_start = {0};
    std::vector<NodeId> conditions;
    for (const std::vector<NodeId>& excluded : builder_.conditions_) {
      conditions.insert(conditions.end(), excluded.begin(), excluded.end());
      condition_start.push_back(static_cast<std::uint32_t>(conditions.size()));
    }
    graph.condition_start_ = Column(std::move(condition_start));
    graph.conditions_ = Column(std::move(conditions));
    graph.joint_proofs_ = std::move(joint_proofs_);
    return graph;
  }

  GraphBuilder& builder_;
  std::vector<std::uint64_t> first_shared_;
  std::vector<std::pair<NodeId, BundleId>> evicted_;
  std::vector<VertexId> vertex_of_;  ///< by bundle of the builder; kNoNode for one that is not kept
  std::uint32_t kept_ = 0;
  std::vector<std::uint64_t> first_of_;
  std::unique_ptr<Packed[]> rows_;  ///< by source

  std::vector<ArcId> out_start_;
  std::vector<ArcId> out_keep_;
  std::vector<ArcId> out_free_;
  std::vector<NodeId> tail_;
  std::vector<VertexId> head_;
  std::vector<std::uint32_t> trait_;
  std::vector<AttackGraph::Trait> traits_;
  std::map<AttackGraph::Trait, std::uint32_t> trait_index_;
  std::array<std::uint32_t, GraphBuilder::kKinds> last_trait_ = {};
  std::vector<std::uint32_t> in_start_;
  std::vector<std::uint32_t> in_token_;
  std::vector<std::uint32_t> in_free_;
  std::vector<VertexId> in_tail_;
  std::vector<ArcId> in_arc_;
  std::vector<ArcId> bound_;
  std::vector<ArcId> fans_;
  std::vector<std::uint64_t> fan_skip_;
  std::vector<std::uint32_t> evidence_start_;
  std::vector<Evidence> evidence_;
  boost::unordered_flat_map<ArcId, std::vector<AttackGraph::Proof>> joint_proofs_;
};

AttackGraph GraphBuilder::finish() { return Assembly(*this).run(); }

}  // namespace tierline::graph
