#include "core/derive/proofs_of_edges.h"

#include <map>
#include <set>
#include <utility>

namespace tierline::derive {

using graph::Evidence;

Parts<Evidence> of_entries(const Parts<std::uint16_t>& places, snapshot::ObjectIndex object,
                           snapshot::AttributeId attribute) {
  Parts<Evidence> proof;
  for (const std::vector<std::uint16_t>& part : places) {
    std::vector<Evidence>& pieces = proof.emplace_back();
    for (const std::uint16_t place : part) {
      pieces.push_back(
          {.kind = Evidence::Kind::Ace, .attribute = attribute, .object = object, .item = place});
    }
  }
  return proof;
}

Parts<Evidence> of_any(std::span<const graph::GraphBuilder::PendingEdge> edges) {
  // Proofs by their numbers; evidence that is one by itself makes a single part together.
  std::map<std::uint32_t, std::map<std::uint32_t, std::set<Evidence>>> proofs;
  for (const auto& [edge, evidence, part] : edges) proofs[part.proof][part.number].insert(evidence);
  Parts<Evidence> all;
  for (const auto& [number, parts] : proofs) {
    Parts<Evidence> one;
    for (const auto& [place, pieces] : parts) one.emplace_back(pieces.begin(), pieces.end());
    simplify(one);
    all = number == proofs.begin()->first ? std::move(one) : either(all, one);
  }
  return all;
}

}  // namespace tierline::derive
