#include "core/derive/proofs_of_edges.h"

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

}  // namespace tierline::derive
