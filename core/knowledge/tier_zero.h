#pragma once

// The built-in Tier Zero list: who holds, or can take, control of the whole directory. Nested members of
// a listed group belong to it as well, except through broad groups (well_known.h).

#include <cstdint>
#include <span>
#include <string_view>

#include "core/knowledge/node_kinds.h"

namespace tierline::knowledge {

/// How a row of the list recognises its object.
enum class TierZeroMatch : std::uint8_t {
  DomainRid,      ///< `rid` under the SID of any domain of the snapshot
  Sid,            ///< the SID `text`
  AccountName,    ///< sAMAccountName equals `text`, for groups without a fixed RID
  AccountPrefix,  ///< sAMAccountName begins with `text`
  Kind,           ///< every node of `kind`
  SystemObject,   ///< the object CN=`text`,CN=System of any domain
  ObjectClass,    ///< an object of class `text`
};

struct TierZeroRow {
  TierZeroMatch match;
  std::uint32_t rid = 0;
  std::string_view text = {};
  NodeKind kind = NodeKind::Base;
  std::string_view name;       ///< for people
  std::string_view reason;     ///< why control of it is control of the directory
  std::string_view reference;  ///< where that is written
};

/// Of the list; higher whenever a row changes what counts as Tier Zero, so that answers can be told apart.
inline constexpr unsigned kTierZeroVersion = 2;

std::span<const TierZeroRow> tier_zero_rows();

}  // namespace tierline::knowledge
