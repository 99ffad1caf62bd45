#include "core/graph/out_edges.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace tierline::graph {

class OutEdges::Writer {
  using Packed = EdgeBatch::Packed;

 public:
  Writer(OutEdges& out, std::size_t node_count, const EdgeBatch::Commons& commons)
      : out_(out), node_count_(node_count), commons_(commons) {}

  void write(std::span<Packed> rows) {
    const auto before = [&](const Packed& a, const Packed& b) { return comes_before(a, b); };
    if (!std::is_sorted(rows.begin(), rows.end(), before)) std::sort(rows.begin(), rows.end(), before);
    groups_.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Edge edge = EdgeBatch::unpack(rows[i], common(rows[i])).edge;
      if (i != 0 && key_of(rows[i - 1]) == key_of(rows[i])) {
        merge(groups_.back(), edge);
        groups_.back().rows = {groups_.back().rows.data(), groups_.back().rows.size() + 1};
      } else {
        groups_.push_back({edge, rows.subspan(i, 1)});
      }
    }
    for (Group& group : groups_) {
      const bool is_told = group.has_other_conditions && group.edge.condition != 0;
      if (is_told) group.edge.caveats |= knowledge::Caveat::OtherConditions;
    }
    const auto is_free = [](const Edge& edge) { return edge.traversable && edge.condition == 0; };
    out_.start.push_back(next_arc());
    for (const Group& group : groups_) {
      if (is_free(group.edge) && knowledge::keeps_actor(group.edge.kind)) write(group);
    }
    out_.keep.push_back(next_arc());
    for (const Group& group : groups_) {
      if (is_free(group.edge) && !knowledge::keeps_actor(group.edge.kind)) write(group);
    }
    out_.free.push_back(next_arc());
    for (const Group& group : groups_) {
      if (!is_free(group.edge)) write(group);
    }
  }

 private:
  /// Edges of one identity, which become one.
  struct Group {
    Edge edge;
    std::span<const Packed> rows;
    bool has_other_conditions = false;
  };

  ArcId next_arc() const { return static_cast<ArcId>(out_.head.size()); }
  const EdgeBatch::Common& common(const Packed& row) const { return commons_[row.common]; }

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

  void write(const Group& group) {
    const ArcId arc = next_arc();
    const Edge& edge = group.edge;
    if (edge.target >= node_count_) out_.into_bundles.push_back(arc);
    out_.tail.push_back(edge.source);
    out_.head.push_back(edge.target);
    out_.trait.push_back(number_of({edge.kind, edge.traversable, 0, edge.caveats.bits(), edge.condition}));
    out_.evidence_start.push_back(static_cast<std::uint32_t>(out_.evidence.size()));
    const bool is_joint = std::any_of(group.rows.begin(), group.rows.end(),
                                      [&](const Packed& row) { return common(row).part.proof != 0; });
    // What gives it to some only, or leads nowhere, is evidence of it, and no proof.
    const auto is_full = [&](const Packed& row) {
      const EdgeBatch::Common& of = common(row);
      return of.traversable == edge.traversable && (of.condition == 0 || of.condition == edge.condition);
    };
    const bool are_listed = is_joint || !std::all_of(group.rows.begin(), group.rows.end(), is_full);
    // Evidence by the proof and the part of it that it belongs to.
    std::map<std::uint32_t, std::map<std::uint32_t, std::vector<std::uint32_t>>> joint;
    std::vector<AttackGraph::Proof> proofs;  // first those of one piece
    for (const Packed& row : group.rows) {
      const auto& [same, evidence, part] = EdgeBatch::unpack(row, common(row));
      const bool is_new = &row == group.rows.data() || out_.evidence.back() != evidence;
      if (is_new) out_.evidence.push_back(evidence);
      if (!are_listed || !is_full(row)) continue;
      const auto place = static_cast<std::uint32_t>(out_.evidence.size() - out_.evidence_start.back() - 1);
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
    out_.proofs.emplace_back(arc, std::move(proofs));
  }

  std::uint32_t number_of(const AttackGraph::Trait& trait) {
    std::uint32_t& last = last_[static_cast<std::size_t>(trait.kind)];
    if (last < out_.traits.size() && out_.traits[last] == trait) return last;
    const auto [place, added] = numbers_.emplace(trait, static_cast<std::uint32_t>(out_.traits.size()));
    if (added) out_.traits.push_back(trait);
    return last = place->second;
  }

  OutEdges& out_;
  std::size_t node_count_;
  const EdgeBatch::Commons& commons_;
  std::vector<Group> groups_;
  std::map<AttackGraph::Trait, std::uint32_t> numbers_;  ///< of traits
  std::array<std::uint32_t, EdgeBatch::kKinds> last_ = {};
};

OutEdges::OutEdges(NodeId first, NodeId last, std::size_t node_count, std::span<EdgeBatch::Packed> rows,
                   std::span<const std::uint64_t> first_of, const EdgeBatch::Commons& commons) {
  reserve(last - first, first_of[last] - first_of[first]);
  Writer writer(*this, node_count, commons);
  for (NodeId n = first; n < last; ++n)
    writer.write(rows.subspan(first_of[n], first_of[n + 1] - first_of[n]));
}

void OutEdges::reserve(std::size_t nodes, std::size_t arcs) {
  for (std::vector<ArcId>* const column : {&start, &keep, &free}) column->reserve(nodes);
  for (std::vector<std::uint32_t>* const column : {&tail, &head, &trait, &evidence_start})
    column->reserve(arcs);
  evidence.reserve(arcs);
}

void JoinedOutEdges::append(OutEdges&& more) {
  const auto arcs = static_cast<ArcId>(all.head.size());
  const auto evidence = static_cast<std::uint32_t>(all.evidence.size());
  std::vector<std::uint32_t> trait_of;
  for (const AttackGraph::Trait& trait : more.traits) {
    const auto [place, added] = numbers_.emplace(trait, static_cast<std::uint32_t>(all.traits.size()));
    if (added) all.traits.push_back(trait);
    trait_of.push_back(place->second);
  }
  const auto add_all = [](auto& to, const auto& from, const auto& changed) {
    const std::size_t before = to.size();
    to.resize(before + from.size());
    std::transform(from.begin(), from.end(), to.begin() + static_cast<std::ptrdiff_t>(before), changed);
  };
  const auto in_order = [&](ArcId arc) { return arcs + arc; };
  add_all(all.start, more.start, in_order);
  add_all(all.keep, more.keep, in_order);
  add_all(all.free, more.free, in_order);
  add_all(all.into_bundles, more.into_bundles, in_order);
  add_all(all.trait, more.trait, [&](std::uint32_t trait) { return trait_of[trait]; });
  add_all(all.evidence_start, more.evidence_start, [&](std::uint32_t start) { return evidence + start; });
  all.tail.insert(all.tail.end(), more.tail.begin(), more.tail.end());
  all.head.insert(all.head.end(), more.head.begin(), more.head.end());
  all.evidence.insert(all.evidence.end(), more.evidence.begin(), more.evidence.end());
  for (auto& [arc, proofs] : more.proofs) all.proofs.emplace_back(arcs + arc, std::move(proofs));
}

}  // namespace tierline::graph
