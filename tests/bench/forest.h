#pragma once

// Directories of any size, shaped like real ones: units within units, whose delegations and whose domain's own entries are
// inherited by what is in them, so that few descriptors are shared by many objects; groups of very different size, a
// part of them nested; hosts with local groups and sessions; accounts with the attributes that accounts have.
//
// Whatever the size, the share of accounts that reach Tier Zero is the same: one division of fourteen runs the others, and
// in a leaky directory nearly everyone else may act on what it acts on.

#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace tierline::bench {

struct Forest {
  std::size_t objects = 100'000;  ///< beside those of the bundled directory; a few hundred at least
  bool is_acl_heavy = true;       ///< about 25 edges an object, most of them rights; otherwise about 8
  bool is_leaky = true;           ///< nearly all accounts reach Tier Zero, otherwise about one in fourteen
  std::uint32_t seed = 1;         ///< the same forest makes the same bytes
};

/// Writes the snapshot. Its schema, configuration and built-in principals are those of the bundled real directory.
/// Errors: those of the builder.
Status write_forest(const Forest& forest, const std::string& path);

/// Writes the same as a collection of SharpHound's, one document after the other, into `folder`, which is made. Deny entries
/// are not in it, as its collector leaves them out. Errors: CannotCreate, Io.
Status write_forest_collection(const Forest& forest, const std::string& folder);

}  // namespace tierline::bench
