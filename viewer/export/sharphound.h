#pragma once

// Collections as SharpHound writes them (data version 6), for BloodHound and whatever reads its format.

#include <vector>

#include "viewer/export/formats.h"

namespace tierline::viewer {

/// One document for each kind of object that there is: users.json, domains.json and so on. Each edge stands where the
/// format has a place for it; any other one is in the members `TierlineEdges` and `TierlineEdgesInto` of its source or
/// target, which BloodHound ignores and our importer reads. What BloodHound concludes itself is among these.
std::vector<ExportedFile> sharphound(const ExportInput& input);

}  // namespace tierline::viewer
