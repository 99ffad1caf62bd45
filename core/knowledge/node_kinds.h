#pragma once

// Kinds of nodes, spelt as BloodHound spells them (its schema, node kinds of AD).

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tierline::knowledge {

enum class NodeKind : std::uint8_t {
  Base,  ///< an object of no kind of its own, or a SID that nothing resolves
  User,
  Computer,
  Group,
  Domain,
  OU,
  Container,
  GPO,
  CertTemplate,
  EnterpriseCA,
  RootCA,
  AIACA,
  NTAuthStore,
  IssuancePolicy,
  Site,
  SiteServer,
  SiteSubnet,
  ADLocalGroup,
};

inline constexpr std::array<std::string_view, 18> kNodeKindNames = {
    "Base", "User",         "Computer",     "Group",       "Domain", "OU",          "Container",
    "GPO",  "CertTemplate", "EnterpriseCA", "RootCA",      "AIACA",  "NTAuthStore", "IssuancePolicy",
    "Site", "SiteServer",   "SiteSubnet",   "ADLocalGroup"};

constexpr std::string_view name_of(NodeKind kind) { return kNodeKindNames[static_cast<std::size_t>(kind)]; }

/// By name; absent when there is none.
constexpr std::optional<NodeKind> find_node_kind(std::string_view name) {
  for (std::size_t kind = 0; kind < kNodeKindNames.size(); ++kind) {
    if (kNodeKindNames[kind] == name) return static_cast<NodeKind>(kind);
  }
  return std::nullopt;
}

/// A set of node kinds, for the columns of rule tables.
class NodeKinds {
 public:
  constexpr NodeKinds() = default;
  template <class... Kinds>
  constexpr NodeKinds(NodeKind first, Kinds... more) : bits_((bit(first) | ... | bit(more))) {}

  constexpr void add(NodeKind kind) { bits_ |= bit(kind); }
  constexpr bool contains(NodeKind kind) const { return (bits_ & bit(kind)) != 0; }

 private:
  static constexpr std::uint32_t bit(NodeKind kind) { return 1u << static_cast<unsigned>(kind); }
  std::uint32_t bits_ = 0;
};

}  // namespace tierline::knowledge
