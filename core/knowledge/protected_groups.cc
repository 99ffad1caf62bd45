#include "core/knowledge/protected_groups.h"

#include "core/knowledge/well_known.h"

namespace tierline::knowledge {
namespace {

using directory::operator""_guid;

// clang-format off
constexpr ProtectedPrincipal kRows[] = {
    {.rid = 544, .builtin = true,  .with_members = true},                     // Administrators
    {.rid = 548, .builtin = true,  .with_members = true, .excluded_by = 0x1}, // Account Operators
    {.rid = 549, .builtin = true,  .with_members = true, .excluded_by = 0x2}, // Server Operators
    {.rid = 550, .builtin = true,  .with_members = true, .excluded_by = 0x4}, // Print Operators
    {.rid = 551, .builtin = true,  .with_members = true, .excluded_by = 0x8}, // Backup Operators
    {.rid = 552, .builtin = true,  .with_members = true},                     // Replicator
    {.rid = 512, .builtin = false, .with_members = true},                     // Domain Admins
    {.rid = 518, .builtin = false, .with_members = true},                     // Schema Admins
    {.rid = 519, .builtin = false, .with_members = true},                     // Enterprise Admins
    {.rid = 500, .builtin = false, .with_members = false},                    // Administrator
    {.rid = 502, .builtin = false, .with_members = false},                    // krbtgt
    {.rid = 516, .builtin = false, .with_members = false},                    // Domain Controllers
    {.rid = 521, .builtin = false, .with_members = false},                    // Read-only Domain Controllers
};

/// An entry of AdminSDHolder as Windows makes it, of those that grant more than reading.
struct HolderEntry {
  std::string_view sid = {};  ///< of the trustee; empty for one of the domain
  std::uint32_t rid = 0;      ///< of a trustee of the domain; of Enterprise Admins in any
  directory::Guid type = {};  ///< the right or attribute; zero for any
};

constexpr HolderEntry kHolderEntries[] = {
    {.sid = "S-1-5-18"},                                                         // SYSTEM
    {.sid = "S-1-5-32-544"},                                                     // Administrators
    {.rid = 512},                                                                // Domain Admins
    {.rid = 519},                                                                // Enterprise Admins
    {.rid = 517,            .type = "bf967a7f-0de6-11d0-a285-00aa003049e2"_guid}, // Cert Publishers: userCertificate
    {.sid = "S-1-5-32-561", .type = "6db69a1c-9422-11d1-aebd-0000f80367c1"_guid}, // Terminal Server License Servers: terminalServer
    {.sid = "S-1-5-32-561", .type = "5805bc62-bdc9-4428-a5e2-856a0f4c185e"_guid}, // the same: the property set of their licences
    {.sid = "S-1-1-0",      .type = "ab721a53-1e2f-11d0-9819-00aa0040529b"_guid}, // Everyone: change of the password by who knows it
    {.sid = "S-1-5-10",     .type = "ab721a53-1e2f-11d0-9819-00aa0040529b"_guid}, // the object itself: the same
    {.sid = "S-1-5-10",     .type = "91e647de-d96f-4b70-9557-d63ff4f3ccd8"_guid}, // the object itself: private information
};
// clang-format on

}  // namespace

std::span<const ProtectedPrincipal> protected_principals() { return kRows; }

unsigned excluded_from_protection(std::string_view ds_heuristics) {
  constexpr std::size_t kPlace = 15;
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (ds_heuristics.size() <= kPlace) return 0;
  const char digit = ds_heuristics[kPlace];
  const char lower = digit >= 'A' && digit <= 'F' ? static_cast<char>(digit - 'A' + 'a') : digit;
  const std::size_t value = kDigits.find(lower);
  return value == std::string_view::npos ? 0 : static_cast<unsigned>(value);
}

bool is_usual_on_holder(const directory::Sid& trustee, const directory::Guid& type,
                        const directory::Sid& domain) {
  const bool is_forest_wide = trustee.is_domain_issued() && trustee.rid() == rids::kEnterpriseAdmins;
  for (const HolderEntry& row : kHolderEntries) {
    const bool is_trustee =
        row.sid.empty()
            ? (row.rid == rids::kEnterpriseAdmins ? is_forest_wide : trustee == domain.with_rid(row.rid))
            : trustee == *directory::Sid::parse(row.sid);
    if (is_trustee && (row.type == directory::Guid() || row.type == type)) return true;
  }
  return false;
}

}  // namespace tierline::knowledge
