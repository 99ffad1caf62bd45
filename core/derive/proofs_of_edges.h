#pragma once

// What edges rest on, as evidence.

#include <cstdint>
#include <span>

#include "core/derive/proof.h"
#include "core/graph/graph_builder.h"
#include "core/snapshot/ids.h"

namespace tierline::derive {

/// Entries of a descriptor by place; kNoAttribute = nTSecurityDescriptor.
Parts<graph::Evidence> of_entries(const Parts<std::uint16_t>& places, snapshot::ObjectIndex object,
                                  snapshot::AttributeId attribute = snapshot::kNoAttribute);

/// What must stand for any of some edges to be there, in simplest form. It may say less where that takes very many parts, and
/// never more.
Parts<graph::Evidence> of_any(std::span<const graph::GraphBuilder::PendingEdge> edges);

}  // namespace tierline::derive
