#pragma once

// Directories of any size, shaped like real ones: organisational units whose entries are inherited by what is in them, so that
// descriptors are shared; groups of very different size, some nested; helpdesks with rights over units.

#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace tierline::bench {

struct Forest {
  std::size_t objects =
      100'000;  ///< 55 % users, 25 % computers, 15 % groups, 5 % units, beside the bundled directory
  bool is_acl_heavy = true;  ///< many entries on each unit, otherwise few
  bool is_leaky = true;      ///< everyone reaches Tier Zero, otherwise about one account in fourteen
  std::uint32_t seed = 1;
};

/// Writes the snapshot. Its schema and Tier Zero are those of the bundled real directory. Errors: those of the builder.
Status write_forest(const Forest& forest, const std::string& path);

}  // namespace tierline::bench
