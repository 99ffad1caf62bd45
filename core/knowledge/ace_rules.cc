#include "core/knowledge/ace_rules.h"

#include "core/knowledge/access_rights.h"
#include "core/knowledge/guids.h"

namespace tierline::knowledge {
namespace {

using directory::Guid;
using enum EdgeKind;
using enum NodeKind;
using enum RightKind;

constexpr NodeKinds kAnyTarget = {
    User,   Computer, Group,       Domain,         OU,   Container,  GPO,       CertTemplate, EnterpriseCA,
    RootCA, AIACA,    NTAuthStore, IssuancePolicy, Site, SiteServer, SiteSubnet};
constexpr NodeKinds kWithAttributesThatMatter = {User,        Computer,       Group,        Domain, OU,
                                                 GPO,         CertTemplate,   EnterpriseCA, RootCA, AIACA,
                                                 NTAuthStore, IssuancePolicy, Site};
constexpr NodeKinds kWithLinks = {OU, Domain, Site};
constexpr NodeKinds kLinksOnly = {OU, Site};  // their attributes give no control of what is in them
constexpr NodeKinds kAccounts = {User, Computer};

constexpr EdgeKind kByFullControl[] = {GenericAll};
constexpr EdgeKind kByAnyWrite[] = {GenericAll, GenericWrite};
constexpr EdgeKind kBySetOrWrite[] = {GenericAll, GenericWrite, WritePublicInformation};
constexpr EdgeKind kByRestrictionsOrWrite[] = {GenericAll, GenericWrite, WriteAccountRestrictions};
constexpr EdgeKind kByMemberWrite[] = {GenericAll, GenericWrite, AddMember};
constexpr EdgeKind kByExtendedRights[] = {GenericAll, AllExtendedRights};

constexpr Guid kReset[] = {guids::kUserForceChangePassword};
constexpr Guid kReplicate[] = {guids::kDSReplicationGetChanges, guids::kDSReplicationGetChangesAll};
constexpr Guid kEnroll[] = {guids::kCertificateEnrollment};

// clang-format off
constexpr AceRule kAceRules[] = {
    {.edge = GenericAll, .targets = kAnyTarget, .right = FullControl},
    {.edge = WriteDacl, .targets = kAnyTarget, .right = Standard, .mask = access::kWriteDacl, .implied_by = kByFullControl},
    {.edge = WriteOwner, .targets = kAnyTarget, .right = Standard, .mask = access::kWriteOwner, .implied_by = kByFullControl},
    {.edge = GenericWrite, .targets = kWithAttributesThatMatter, .right = WriteObject, .implied_by = kByFullControl, .weak_on = kLinksOnly},
    {.edge = AllExtendedRights, .targets = kAccounts, .right = AllControlAccess, .also = kReset, .implied_by = kByFullControl},
    {.edge = AllExtendedRights, .targets = Domain, .right = AllControlAccess, .also = kReplicate, .implied_by = kByFullControl},
    {.edge = AllExtendedRights, .targets = CertTemplate, .right = AllControlAccess, .also = kEnroll, .implied_by = kByFullControl, .weak_on = CertTemplate},
    {.edge = ForceChangePassword, .targets = kAccounts, .right = ControlAccess, .guid = guids::kUserForceChangePassword, .implied_by = kByExtendedRights},
    {.edge = AddMember, .targets = Group, .right = WriteAttribute, .attribute = "member", .implied_by = kByAnyWrite},
    {.edge = AddSelf, .targets = Group, .right = ValidatedWrite, .guid = guids::kSelfMembership, .implied_by = kByMemberWrite},
    {.edge = WritePublicInformation, .targets = kAccounts, .right = WriteSet, .guid = guids::kPublicInformation, .implied_by = kByAnyWrite},
    {.edge = WriteSPN, .targets = User, .right = WriteAttribute, .attribute = "servicePrincipalName", .implied_by = kBySetOrWrite},
    {.edge = WriteAltSecurityIdentities, .targets = kAccounts, .right = WriteAttribute, .attribute = "altSecurityIdentities", .implied_by = kBySetOrWrite, .condition = Condition::HasPki},
    {.edge = AddKeyCredentialLink, .targets = kAccounts, .right = WriteAttribute, .attribute = "msDS-KeyCredentialLink", .implied_by = kByAnyWrite},
    {.edge = WriteAccountRestrictions, .targets = Computer, .right = WriteSet, .guid = guids::kUserAccountRestrictions, .implied_by = kByAnyWrite},
    {.edge = AddAllowedToAct, .targets = Computer, .right = WriteAttribute, .attribute = "msDS-AllowedToActOnBehalfOfOtherIdentity", .implied_by = kByRestrictionsOrWrite},
    {.edge = WriteUserAccountControl, .targets = User, .right = WriteAttribute, .attribute = "userAccountControl", .implied_by = kByAnyWrite},
    {.edge = WriteScriptPath, .targets = User, .right = WriteAttribute, .attribute = "scriptPath", .implied_by = kByAnyWrite},
    {.edge = WriteProfilePath, .targets = User, .right = WriteAttribute, .attribute = "profilePath", .implied_by = kByAnyWrite},
    {.edge = WriteUserPrincipalName, .targets = User, .right = WriteAttribute, .attribute = "userPrincipalName", .implied_by = kBySetOrWrite, .condition = Condition::HasPki},
    {.edge = WriteDNSHostName, .targets = Computer, .right = WriteAttribute, .attribute = "dNSHostName", .implied_by = kByAnyWrite, .condition = Condition::HasPki},
    {.edge = WriteAllowedToDelegateTo, .targets = kAccounts, .right = WriteAttribute, .attribute = "msDS-AllowedToDelegateTo", .implied_by = kBySetOrWrite},
    {.edge = WriteMsDSGroupMSAMembership, .targets = User, .right = WriteAttribute, .attribute = "msDS-GroupMSAMembership", .implied_by = kByAnyWrite},
    {.edge = ReadLAPSPassword, .targets = Computer, .right = ReadConfidential, .attribute = "ms-Mcs-AdmPwd", .implied_by = kByFullControl, .condition = Condition::HasLegacyLaps},
    {.edge = ReadLAPSPassword, .targets = Computer, .right = ReadConfidential, .attribute = "msLAPS-Password", .implied_by = kByFullControl, .condition = Condition::HasWindowsLaps},
    {.edge = ReadLAPSPassword, .targets = Computer, .right = ReadConfidential, .attribute = "msLAPS-EncryptedPassword", .implied_by = kByFullControl, .condition = Condition::HasWindowsLaps, .caveats = Caveat::EncryptedLaps},
    {.edge = ReadLAPSPassword, .targets = Computer, .right = ReadConfidential, .attribute = "msLAPS-EncryptedPasswordHistory", .implied_by = kByFullControl, .condition = Condition::HasWindowsLaps, .caveats = Caveat::EncryptedLaps},
    {.edge = ReadLAPSPassword, .targets = Computer, .right = ReadConfidential, .attribute = "msLAPS-EncryptedDSRMPassword", .implied_by = kByFullControl, .condition = Condition::HasWindowsLaps, .caveats = Caveat::EncryptedLaps},
    {.edge = ReadLAPSPassword, .targets = Computer, .right = ReadConfidential, .attribute = "msLAPS-EncryptedDSRMPasswordHistory", .implied_by = kByFullControl, .condition = Condition::HasWindowsLaps, .caveats = Caveat::EncryptedLaps},
    {.edge = WriteGPLink, .targets = kWithLinks, .right = WriteAttribute, .attribute = "gPLink", .implied_by = kByAnyWrite, .weak_on = kLinksOnly},
    {.edge = WriteGPOptions, .targets = kWithLinks, .right = WriteAttribute, .attribute = "gPOptions", .implied_by = kByAnyWrite},
    {.edge = WriteGPCFileSysPath, .targets = GPO, .right = WriteAttribute, .attribute = "gPCFileSysPath", .implied_by = kByAnyWrite},
    {.edge = Enroll, .targets = CertTemplate, .right = ControlAccess, .guid = guids::kCertificateEnrollment, .implied_by = kByExtendedRights},
    {.edge = Enroll, .targets = EnterpriseCA, .right = ControlAccess, .guid = guids::kCertificateEnrollment, .caveats = Caveat::AuthoritySecurityUnread},
    {.edge = WritePKIEnrollmentFlag, .targets = CertTemplate, .right = WriteAttribute, .attribute = "msPKI-Enrollment-Flag", .implied_by = kByAnyWrite},
    {.edge = WritePKINameFlag, .targets = CertTemplate, .right = WriteAttribute, .attribute = "msPKI-Certificate-Name-Flag", .implied_by = kByAnyWrite},
    {.edge = GetChanges, .targets = Domain, .right = ControlAccess, .guid = guids::kDSReplicationGetChanges},
    {.edge = GetChangesAll, .targets = Domain, .right = ControlAccess, .guid = guids::kDSReplicationGetChangesAll},
    {.edge = GetChangesInFilteredSet, .targets = Domain, .right = ControlAccess, .guid = guids::kDSReplicationGetChangesInFilteredSet},
    {.edge = InstallReplica, .targets = Domain, .right = ControlAccess, .guid = guids::kDSInstallReplica, .implied_by = kByExtendedRights},
};
// clang-format on

}  // namespace

std::span<const AceRule> ace_rules() { return kAceRules; }

}  // namespace tierline::knowledge
