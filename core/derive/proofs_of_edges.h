#pragma once

// What edges rest on, as evidence.

#include <cstdint>

#include "core/derive/proof.h"
#include "core/graph/attack_graph.h"
#include "core/snapshot/ids.h"

namespace tierline::derive {

/// Entries of a descriptor by place; kNoAttribute = nTSecurityDescriptor.
Parts<graph::Evidence> of_entries(const Parts<std::uint16_t>& places, snapshot::ObjectIndex object,
                                  snapshot::AttributeId attribute = snapshot::kNoAttribute);

}  // namespace tierline::derive
