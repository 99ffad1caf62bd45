#pragma once

// What an administrator can take away to close an edge: single values of attributes and single bits of them. Entries of
// DACLs and owners are changes as well, and need no row.

#include <cstdint>
#include <span>
#include <string_view>

#include "core/knowledge/edge_kinds.h"

namespace tierline::knowledge {

/// A value of an attribute that can be removed by itself.
struct RemovableValue {
  std::string_view attribute;  ///< lDAPDisplayName, or a name of knowledge::collected
  unsigned part = 0;           ///< which tab-separated part of a collected value {VALUE} stands for
  unsigned parts = 0;          ///< so many parts tell which fact it is, 0 = all; the rest is where it applies
  std::uint32_t cost = 1;      ///< what it takes, in entries removed
  /// Of several attributes that tell one thing in several ways, which one change takes away in all of them: the first.
  std::string_view same_as = {};
  std::string_view
      meaning;  ///< what there is: "{VALUE} is a member of {OBJECT}"; {0} is the value's first part
  std::string_view command;  ///< PowerShell, in which they stand for quoted literals
};

/// Null for an attribute whose values cannot be removed by themselves, or not without breaking what they are for.
const RemovableValue* removable_value(std::string_view attribute);

std::span<const RemovableValue> removable_values();

/// Bits of an attribute that make edges of a kind.
struct RemovableFlag {
  std::string_view attribute;
  EdgeKind edge;
  std::int64_t bits;
  std::uint32_t cost = 1;
  std::string_view meaning;
  std::string_view command;
};

/// Null when no bits of the attribute are what such an edge rests on.
const RemovableFlag* removable_flag(std::string_view attribute, EdgeKind edge);

std::span<const RemovableFlag> removable_flags();

/// Why a membership is better left, or replaced first, by relative identifiers; empty where nothing is known against its removal.
std::string_view warning_of_membership(std::uint32_t group, std::uint32_t member);

inline constexpr std::uint32_t kEntryCost = 1;
inline constexpr std::uint32_t kOwnerCost = 1;

}  // namespace tierline::knowledge
