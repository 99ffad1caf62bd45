#pragma once

// The directory as it would be without some facts: what a change would lead to is derived from it like from any other.

#include <vector>

#include "core/facts/facts.h"

namespace tierline::facts {

/// A snapshot without `removed`. An entry is gone wherever it is inherited or stamped; an object whose owner is removed
/// belongs to its domain's Administrators, as Windows' default for what administrators make. Nothing is written, and what stays is
/// read where it is. Errors: BadData when what changes is too large.
Result<snapshot::Snapshot> without(Facts& facts, const std::vector<FactId>& removed);

}  // namespace tierline::facts
