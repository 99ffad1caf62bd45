#pragma once

// Which rights on which objects make which edge. The evaluation of the rights is derive/access_check's;
// these rows only say what to ask it for.

#include <span>
#include <string_view>

#include "core/directory/guid.h"
#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/node_kinds.h"

namespace tierline::knowledge {

/// What a rule asks access_check for.
enum class RightKind : std::uint8_t {
  FullControl,       ///< every bit of 0xF01FF on the object
  Standard,          ///< the bits of `mask` on the object
  WriteObject,       ///< write property on the whole object
  WriteSet,          ///< write property on every attribute of the property set `guid`
  WriteAttribute,    ///< write property on `attribute`
  ReadConfidential,  ///< read property and control access on `attribute`, [MS-ADTS] 3.1.1.4.4
  ControlAccess,     ///< the control access right `guid`
  AllControlAccess,  ///< control access on the object, that is, every control access right
  ValidatedWrite,    ///< the validated write `guid`
};

/// What must be true of the object or its forest besides the right.
enum class Condition : std::uint8_t {
  None,
  HasLegacyLaps,   ///< the computer carries the expiry time of a legacy LAPS password
  HasWindowsLaps,  ///< the computer carries the expiry time of a Windows LAPS password
  HasPki,          ///< the forest has an enterprise certification authority
};

struct AceRule {
  EdgeKind edge;
  NodeKinds targets;
  RightKind right;
  std::uint32_t mask = 0;
  directory::Guid guid = {};
  std::string_view attribute = {};  ///< lDAPDisplayName; its GUID is read from the snapshot's schema
  std::span<const directory::Guid> also = {};  ///< control access rights that must be granted as well
  std::span<const EdgeKind> implied_by =
      {};                  ///< when the same trustee has one of these, the row adds nothing
  NodeKinds weak_on = {};  ///< targets on which the right does not give control
  Condition condition = Condition::None;
  Caveats caveats = {};  ///< besides those that always go with the kind of edge
};

/// In order of evaluation: an edge stands before those that it implies.
std::span<const AceRule> ace_rules();

}  // namespace tierline::knowledge
