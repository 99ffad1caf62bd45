#include "core/knowledge/changes.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"

namespace tierline::knowledge {
namespace {

using enum EdgeKind;

// clang-format off
constexpr RemovableValue kValues[] = {
    {.attribute = "member", .meaning = "{VALUE} is a member of {OBJECT}", .command = "Remove-ADGroupMember -Identity {OBJECT} -Members {VALUE}"},
    {.attribute = "SharpHound.Members", .meaning = "{VALUE} is a member of {OBJECT}", .command = "Remove-ADGroupMember -Identity {OBJECT} -Members {VALUE}"},
    {.attribute = "sIDHistory", .meaning = "{VALUE} is in the SID history of {OBJECT}", .command = "Set-ADObject -Identity {OBJECT} -Remove @{sIDHistory={VALUE}}"},
    {.attribute = "msDS-AllowedToDelegateTo", .meaning = "{VALUE} may be delegated to by {OBJECT}", .command = "Set-ADObject -Identity {OBJECT} -Remove @{'msDS-AllowedToDelegateTo'={VALUE}}"},
    {.attribute = "SharpHound.AllowedToDelegate", .meaning = "{VALUE} may be delegated to by {OBJECT}", .command = "Set-ADObject -Identity {OBJECT} -Clear msDS-AllowedToDelegateTo  # then set again those that are wanted"},
    {.attribute = "SharpHound.AllowedToAct", .meaning = "{VALUE} may act on behalf of others to {OBJECT}", .command = "Set-ADComputer -Identity {OBJECT} -PrincipalsAllowedToDelegateToAccount $null  # then set again those that are wanted"},
    {.attribute = "servicePrincipalName", .meaning = "{VALUE} is a service principal name of {OBJECT}", .command = "Set-ADObject -Identity {OBJECT} -Remove @{servicePrincipalName={VALUE}}"},
    {.attribute = "msDS-HostServiceAccount", .meaning = "{VALUE} is a service account installed on {OBJECT}", .command = "Remove-ADComputerServiceAccount -Identity {OBJECT} -ServiceAccount {VALUE}"},
    {.attribute = "SharpHound.DumpSMSAPassword", .meaning = "{VALUE} is a service account installed on {OBJECT}", .command = "Remove-ADComputerServiceAccount -Identity {OBJECT} -ServiceAccount {VALUE}"},
    {.attribute = "certificateTemplates", .cost = 2, .meaning = "{VALUE} is published by {OBJECT}", .command = "Set-ADObject -Identity {OBJECT} -Remove @{certificateTemplates={VALUE}}"},
    {.attribute = "SharpHound.EnabledCertTemplates", .cost = 2, .meaning = "{VALUE} is published by {OBJECT}", .command = "Remove-CATemplate -Name {VALUE} -Force  # on {OBJECT}"},
    {.attribute = "msDS-OIDToGroupLink", .meaning = "{VALUE} is the group that is lent by {OBJECT}", .command = "Set-ADObject -Identity {OBJECT} -Clear msDS-OIDToGroupLink"},
    {.attribute = "SharpHound.GroupLink", .meaning = "{VALUE} is the group that is lent by {OBJECT}", .command = "Set-ADObject -Identity {OBJECT} -Clear msDS-OIDToGroupLink"},
    {.attribute = "SharpHound.Properties.enrolleesuppliessubject", .cost = 2, .meaning = "requests for certificates of {OBJECT} may name any subject", .command = "$t = Get-ADObject -Identity {OBJECT} -Properties msPKI-Certificate-Name-Flag; Set-ADObject $t -Replace @{'msPKI-Certificate-Name-Flag' = $t.'msPKI-Certificate-Name-Flag' -band -bnot 0x10001}"},
    {.attribute = "SharpHound.Properties.isuserspecifiessanenabled", .meaning = "{OBJECT} lets requests name any subject", .command = "certutil -config {OBJECT} -setreg policy\\EditFlags -EDITF_ATTRIBUTESUBJECTALTNAME2  # HOST\\NAME of the authority; then restart its service"},
    {.attribute = "SharpHound.Properties.strongcertificatebindingenforcementraw", .meaning = "{OBJECT} binds certificates weakly", .command = "Invoke-Command -ComputerName {OBJECT} { Set-ItemProperty HKLM:\\SYSTEM\\CurrentControlSet\\Services\\Kdc StrongCertificateBindingEnforcement 2 }"},
    {.attribute = "SharpHound.Properties.certificatemappingmethodsraw", .meaning = "{OBJECT} maps certificates by the name of the user", .command = "Invoke-Command -ComputerName {OBJECT} { Set-ItemProperty HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL CertificateMappingMethods 0x18 }"},
    {.attribute = "SharpHound.Links", .cost = 3, .meaning = "{VALUE} is linked to {OBJECT}", .command = "Remove-GPLink -Guid {VALUE} -Target {OBJECT}"},
    {.attribute = "SharpHound.LocalGroupMembers", .part = 1, .meaning = "{VALUE} is a member of {0}", .command = "Invoke-Command -ComputerName {OBJECT} { Remove-LocalGroupMember -SID ('S-1-5-32-' + {0}.Split('-')[-1]) -Member {VALUE} }"},
    {.attribute = "SharpHound.UserRights", .part = 1, .cost = 2, .meaning = "{VALUE} has {0} on {OBJECT}", .command = "# take {VALUE} out of the user rights assignment that applies to {OBJECT}"},
    {.attribute = "SharpHound.GPOChanges", .part = 1, .parts = 2, .cost = 2, .meaning = "{VALUE} is put into local groups with RID {0} by a policy linked to {OBJECT}", .command = "# take {VALUE} out of the group that the policy linked to {OBJECT} fills"},
    {.attribute = "SharpHound.Sessions", .parts = 1, .cost = 2, .same_as = "SharpHound.Sessions", .meaning = "{VALUE} is logged on to {OBJECT}", .command = "# log {VALUE} off from {OBJECT} and deny it the logon there by a group policy"},
    {.attribute = "SharpHound.PrivilegedSessions", .parts = 1, .cost = 2, .same_as = "SharpHound.Sessions", .meaning = "{VALUE} is logged on to {OBJECT}", .command = "# log {VALUE} off from {OBJECT} and deny it the logon there by a group policy"},
    {.attribute = "SharpHound.RegistrySessions", .parts = 1, .cost = 2, .same_as = "SharpHound.Sessions", .meaning = "{VALUE} is logged on to {OBJECT}", .command = "# log {VALUE} off from {OBJECT} and deny it the logon there by a group policy"},
};

constexpr std::string_view kNameFlags = "$t = Get-ADObject -Identity {OBJECT} -Properties msPKI-Certificate-Name-Flag; Set-ADObject $t -Replace @{'msPKI-Certificate-Name-Flag' = $t.'msPKI-Certificate-Name-Flag' -band -bnot 0x10001}";

constexpr RemovableFlag kFlags[] = {
    {.attribute = "userAccountControl", .edge = DontReqPreauth, .bits = uac::kDontRequirePreauth, .meaning = "{OBJECT} needs no pre-authentication", .command = "Set-ADAccountControl -Identity {OBJECT} -DoesNotRequirePreAuth $false"},
    {.attribute = "userAccountControl", .edge = CoerceToTGT, .bits = uac::kTrustedForDelegation, .cost = 2, .meaning = "{OBJECT} is trusted for unconstrained delegation", .command = "Set-ADAccountControl -Identity {OBJECT} -TrustedForDelegation $false"},
    {.attribute = "msPKI-Certificate-Name-Flag", .edge = ADCSESC1, .bits = 0x10001, .cost = 2, .meaning = "requests for certificates of {OBJECT} may name any subject", .command = kNameFlags},
    {.attribute = "msPKI-Certificate-Name-Flag", .edge = ADCSESC7, .bits = 0x10001, .cost = 2, .meaning = "requests for certificates of {OBJECT} may name any subject", .command = kNameFlags},
    {.attribute = "msPKI-Certificate-Name-Flag", .edge = ADCSESC15, .bits = 0x10001, .cost = 2, .meaning = "requests for certificates of {OBJECT} may name any subject", .command = kNameFlags},
};

/// Memberships that each domain has from the start (Microsoft, "Active Directory security groups"), and what they are for.
struct BuiltInMembership {
  std::uint32_t group;
  std::uint32_t member;
  std::string_view warning;
};

constexpr std::string_view kLastAccount = "the built-in Administrator gets into a domain where nobody else can: first see that another administrator can log on";
constexpr BuiltInMembership kBuiltInMemberships[] = {
    {.group = rids::kAdministrators, .member = rids::kAdministrator, .warning = kLastAccount},
    {.group = rids::kDomainAdmins, .member = rids::kAdministrator, .warning = kLastAccount},
    {.group = rids::kAdministrators, .member = rids::kDomainAdmins, .warning = "by it Domain Admins administer the domain controllers: first see that somebody else does"},
    {.group = rids::kAdministrators, .member = rids::kEnterpriseAdmins, .warning = "by it Enterprise Admins administer the domain: authorities, sites and new domains depend on that"},
};
// clang-format on

}  // namespace

const RemovableValue* removable_value(std::string_view attribute) {
  const auto found = std::find_if(std::begin(kValues), std::end(kValues), [&](const RemovableValue& row) {
    return equal_ascii_nocase(row.attribute, attribute);
  });
  return found == std::end(kValues) ? nullptr : found;
}

const RemovableFlag* removable_flag(std::string_view attribute, EdgeKind edge) {
  const auto found = std::find_if(std::begin(kFlags), std::end(kFlags), [&](const RemovableFlag& row) {
    return row.edge == edge && equal_ascii_nocase(row.attribute, attribute);
  });
  return found == std::end(kFlags) ? nullptr : found;
}

std::string_view warning_of_membership(std::uint32_t group, std::uint32_t member) {
  const auto found =
      std::find_if(std::begin(kBuiltInMemberships), std::end(kBuiltInMemberships),
                   [&](const BuiltInMembership& row) { return row.group == group && row.member == member; });
  return found == std::end(kBuiltInMemberships) ? std::string_view() : found->warning;
}

std::span<const RemovableValue> removable_values() { return kValues; }

std::span<const RemovableFlag> removable_flags() { return kFlags; }

}  // namespace tierline::knowledge
