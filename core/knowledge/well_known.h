#pragma once

// Principals whose SID is the same everywhere ([MS-DTYP] 2.4.2.4), and what logon adds to a token.

#include <optional>
#include <span>
#include <string_view>

#include "core/directory/sid.h"
#include "core/knowledge/node_kinds.h"

namespace tierline::knowledge {

namespace sids {
inline constexpr std::string_view kEveryone = "S-1-1-0";
inline constexpr std::string_view kNetwork = "S-1-5-2";
inline constexpr std::string_view kCreatorOwner = "S-1-3-0";
inline constexpr std::string_view kCreatorGroup = "S-1-3-1";
inline constexpr std::string_view kOwnerRights = "S-1-3-4";
inline constexpr std::string_view kAnonymous = "S-1-5-7";
inline constexpr std::string_view kEnterpriseDomainControllers = "S-1-5-9";
inline constexpr std::string_view kSelf = "S-1-5-10";
inline constexpr std::string_view kAuthenticatedUsers = "S-1-5-11";
inline constexpr std::string_view kThisOrganization = "S-1-5-15";
inline constexpr std::string_view kSystem = "S-1-5-18";
}  // namespace sids

/// Relative identifiers of a domain, [MS-DTYP] 2.4.2.4.
namespace rids {
inline constexpr std::uint32_t kAdministrator = 500;
inline constexpr std::uint32_t kGuest = 501;
inline constexpr std::uint32_t kKrbtgt = 502;
inline constexpr std::uint32_t kDomainAdmins = 512;
inline constexpr std::uint32_t kDomainUsers = 513;
inline constexpr std::uint32_t kDomainGuests = 514;
inline constexpr std::uint32_t kDomainComputers = 515;
inline constexpr std::uint32_t kDomainControllers = 516;
inline constexpr std::uint32_t kSchemaAdmins = 518;
inline constexpr std::uint32_t kEnterpriseAdmins = 519;
inline constexpr std::uint32_t kReadOnlyDomainControllers = 521;
inline constexpr std::uint32_t kProtectedUsers = 525;
// Of BUILTIN, and of each computer's own groups.
inline constexpr std::uint32_t kAdministrators = 544;
inline constexpr std::uint32_t kBackupOperators = 551;
inline constexpr std::uint32_t kRemoteDesktopUsers = 555;
inline constexpr std::uint32_t kDistributedComUsers = 562;
inline constexpr std::uint32_t kRemoteManagementUsers = 580;
}  // namespace rids

struct WellKnownPrincipal {
  std::string_view sid;
  std::string_view name;
  NodeKind kind = NodeKind::Group;
};

/// Rows for SIDs that may stand in a DACL without an object of their own.
std::span<const WellKnownPrincipal> well_known_principals();

const WellKnownPrincipal* find_well_known(const directory::Sid& sid);

/// Special identities that whoever reaches a domain controller can have in the token by choosing how to log on.
std::span<const std::string_view> claimable_identities();

/// True for the identities that every logon at a domain controller over the network has.
bool is_of_every_logon(const directory::Sid& sid);

/// True for SIDs that mean something else in each domain, so that a node is identified as DOMAIN-SID.
bool is_domain_relative_text(const directory::Sid& sid);

/// Groups so broad that holding a tier's rights through them is a finding, not a membership of the tier.
bool is_broad_group(const directory::Sid& sid);

}  // namespace tierline::knowledge
