#include "core/knowledge/well_known.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tierline::knowledge {
namespace {

using directory::Sid;

// clang-format off
constexpr WellKnownPrincipal kPrincipals[] = {
    {.sid = "S-1-1-0",      .name = "Everyone"},
    {.sid = "S-1-5-1",      .name = "Dialup"},
    {.sid = "S-1-5-2",      .name = "Network"},
    {.sid = "S-1-5-3",      .name = "Batch"},
    {.sid = "S-1-5-4",      .name = "Interactive"},
    {.sid = "S-1-5-6",      .name = "Service"},
    {.sid = "S-1-5-7",      .name = "Anonymous Logon", .kind = NodeKind::User},
    {.sid = "S-1-5-8",      .name = "Proxy"},
    {.sid = "S-1-5-9",      .name = "Enterprise Domain Controllers"},
    {.sid = "S-1-5-11",     .name = "Authenticated Users"},
    {.sid = "S-1-5-12",     .name = "Restricted"},
    {.sid = "S-1-5-13",     .name = "Terminal Server User"},
    {.sid = "S-1-5-14",     .name = "Remote Interactive Logon"},
    {.sid = "S-1-5-15",     .name = "This Organization"},
    {.sid = "S-1-5-17",     .name = "IUSR", .kind = NodeKind::User},
    {.sid = "S-1-5-18",     .name = "Local System", .kind = NodeKind::User},
    {.sid = "S-1-5-19",     .name = "Local Service", .kind = NodeKind::User},
    {.sid = "S-1-5-20",     .name = "Network Service", .kind = NodeKind::User},
    {.sid = "S-1-5-1000",   .name = "Other Organization"},
    {.sid = "S-1-5-64-10",  .name = "NTLM Authentication"},
    {.sid = "S-1-5-64-14",  .name = "SChannel Authentication"},
    {.sid = "S-1-5-64-21",  .name = "Digest Authentication"},
    {.sid = "S-1-5-65-1",   .name = "This Organization Certificate"},
    {.sid = "S-1-18-1",     .name = "Authentication Authority Asserted Identity"},
    {.sid = "S-1-18-2",     .name = "Service Asserted Identity"},
    {.sid = "S-1-18-3",     .name = "Fresh Public Key Identity"},
    {.sid = "S-1-18-4",     .name = "Key Trust"},
    {.sid = "S-1-18-5",     .name = "MFA Key Property"},
    {.sid = "S-1-18-6",     .name = "Attested Key Property"},
    {.sid = "S-1-5-32-544", .name = "Administrators"},
    {.sid = "S-1-5-32-545", .name = "Users"},
    {.sid = "S-1-5-32-546", .name = "Guests"},
    {.sid = "S-1-5-32-548", .name = "Account Operators"},
    {.sid = "S-1-5-32-549", .name = "Server Operators"},
    {.sid = "S-1-5-32-550", .name = "Print Operators"},
    {.sid = "S-1-5-32-551", .name = "Backup Operators"},
    {.sid = "S-1-5-32-552", .name = "Replicator"},
    {.sid = "S-1-5-32-553", .name = "RAS Servers"},
    {.sid = "S-1-5-32-554", .name = "Pre-Windows 2000 Compatible Access"},
    {.sid = "S-1-5-32-555", .name = "Remote Desktop Users"},
    {.sid = "S-1-5-32-556", .name = "Network Configuration Operators"},
    {.sid = "S-1-5-32-557", .name = "Incoming Forest Trust Builders"},
    {.sid = "S-1-5-32-558", .name = "Performance Monitor Users"},
    {.sid = "S-1-5-32-559", .name = "Performance Log Users"},
    {.sid = "S-1-5-32-560", .name = "Windows Authorization Access Group"},
    {.sid = "S-1-5-32-561", .name = "Terminal Server License Servers"},
    {.sid = "S-1-5-32-562", .name = "Distributed COM Users"},
    {.sid = "S-1-5-32-568", .name = "IIS_IUSRS"},
    {.sid = "S-1-5-32-569", .name = "Cryptographic Operators"},
    {.sid = "S-1-5-32-573", .name = "Event Log Readers"},
    {.sid = "S-1-5-32-574", .name = "Certificate Service DCOM Access"},
    {.sid = "S-1-5-32-575", .name = "RDS Remote Access Servers"},
    {.sid = "S-1-5-32-576", .name = "RDS Endpoint Servers"},
    {.sid = "S-1-5-32-577", .name = "RDS Management Servers"},
    {.sid = "S-1-5-32-578", .name = "Hyper-V Administrators"},
    {.sid = "S-1-5-32-579", .name = "Access Control Assistance Operators"},
    {.sid = "S-1-5-32-580", .name = "Remote Management Users"},
    {.sid = "S-1-5-32-581", .name = "System Managed Accounts Group"},
    {.sid = "S-1-5-32-582", .name = "Storage Replica Administrators"},
    {.sid = "S-1-5-32-583", .name = "Device Owners"},
};

// [MS-DTYP] 2.4.2.4: a certificate, a ticket or NTLM, as the caller likes.
constexpr std::string_view kClaimable[] = {"S-1-5-64-10", "S-1-5-64-14", "S-1-5-65-1", "S-1-18-1", "S-1-18-4", "S-1-18-5"};
// clang-format on

}  // namespace

std::span<const std::string_view> claimable_identities() { return kClaimable; }

std::span<const WellKnownPrincipal> well_known_principals() { return kPrincipals; }

const WellKnownPrincipal* find_well_known(const Sid& sid) {
  static const auto by_sid = [] {
    std::vector<std::pair<Sid, const WellKnownPrincipal*>> rows;
    for (const WellKnownPrincipal& row : kPrincipals) rows.emplace_back(*Sid::parse(row.sid), &row);
    std::sort(rows.begin(), rows.end());
    return rows;
  }();
  const auto found = std::lower_bound(by_sid.begin(), by_sid.end(), sid,
                                      [](const auto& row, const Sid& wanted) { return row.first < wanted; });
  return found == by_sid.end() || found->first != sid ? nullptr : found->second;
}

bool is_of_every_logon(const Sid& sid) {
  static const Sid kNetwork = *Sid::parse(sids::kNetwork);
  static const Sid kThisOrganization = *Sid::parse(sids::kThisOrganization);
  return sid == kNetwork || sid == kThisOrganization;
}

bool is_domain_relative_text(const Sid& sid) { return !sid.is_domain_issued(); }

bool is_broad_group(const Sid& sid) {
  if (sid.is_domain_issued()) {
    const std::uint32_t rid = sid.rid();
    return rid == rids::kDomainUsers || rid == rids::kDomainGuests || rid == rids::kDomainComputers;
  }
  constexpr std::uint32_t kUsers = 545;
  constexpr std::uint32_t kGuests = 546;
  constexpr std::uint32_t kPreWindows2000 = 554;
  if (sid.is_builtin()) return sid.rid() == kUsers || sid.rid() == kGuests || sid.rid() == kPreWindows2000;
  return true;  // a group that logon adds, such as Authenticated Users
}

}  // namespace tierline::knowledge
