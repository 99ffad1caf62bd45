#include "core/knowledge/volatile_attributes.h"

#include "core/base/text.h"

namespace tierline::knowledge {
namespace {

struct Row {
  std::string_view name;
  std::string_view reason;
};

// clang-format off
constexpr Row kRows[] = {
    {"uSNChanged", "counts every change"},
    {"uSNCreated", "differs between domain controllers"},
    {"whenChanged", "time of every change"},
    {"dSCorePropagationData", "written when descriptors are propagated"},
    {"replPropertyMetaData", "counts every change"},
    {"replUpToDateVector", "replication"},
    {"repsFrom", "replication"},
    {"repsTo", "replication"},
    {"lastLogon", "use of the account"},
    {"lastLogonTimestamp", "use of the account"},
    {"lastLogoff", "use of the account"},
    {"logonCount", "use of the account"},
    {"badPasswordTime", "use of the account"},
    {"badPwdCount", "use of the account"},
    {"lockoutTime", "use of the account"},
    {"pwdLastSet", "passwords change as they should"},
    {"msDS-User-Account-Control-Computed", "worked out from times"},
    {"ms-Mcs-AdmPwdExpirationTime", "passwords change as they should"},
    {"msLAPS-PasswordExpirationTime", "passwords change as they should"},
    {"msDS-ManagedPasswordId", "passwords change as they should"},
    {"msDS-ManagedPasswordPreviousId", "passwords change as they should"},
    {"modifiedCount", "counts every change"},
    {"modifiedCountAtLastProm", "counts every change"},
    {"creationTime", "changes with the domain's counters"},
    {"rIDAvailablePool", "grows with every pool of identifiers"},
    {"rIDAllocationPool", "grows with every pool of identifiers"},
    {"rIDPreviousAllocationPool", "grows with every pool of identifiers"},
    {"rIDNextRID", "grows with every principal"},
    {"msDS-RevealedUsers", "caches of read-only domain controllers"},
    {"msDS-RevealedList", "caches of read-only domain controllers"},
    {"memberOf", "the other side of member"},
    {"directReports", "the other side of manager"},
    {"managedObjects", "the other side of managedBy"},
    {"serverReferenceBL", "the other side of serverReference"},
    {"msDS-HostServiceAccountBL", "the other side of msDS-HostServiceAccount"},
    {"msDS-KrbTgtLinkBl", "the other side of msDS-KrbTgtLink"},
    {"msDS-AuthNPolicySiloMembersBL", "the other side of msDS-AuthNPolicySiloMembers"},
    {"subSchemaSubEntry", "a pointer to the schema"},
    {"canonicalName", "worked out from the DN"},
    {"member;ttl", "runs down by the second"},
};
// clang-format on

}  // namespace

bool is_volatile(std::string_view attribute) {
  for (const Row& row : kRows) {
    if (equal_ascii_nocase(row.name, attribute)) return true;
  }
  return false;
}

}  // namespace tierline::knowledge
