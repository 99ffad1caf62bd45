#include "core/knowledge/collected_relations.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/knowledge/user_account_control.h"

namespace tierline::knowledge {
namespace {

using enum EdgeKind;

// clang-format off
constexpr CollectedType kTypes[] = {
    {"users", "User", "user"},
    {"computers", "Computer", "computer"},
    {"groups", "Group", "group"},
    {"domains", "Domain", "domainDNS"},
    {"ous", "OU", "organizationalUnit"},
    {"containers", "Container", "container"},
    {"gpos", "GPO", "groupPolicyContainer"},
    {"certtemplates", "CertTemplate", "pKICertificateTemplate"},
    {"enterprisecas", "EnterpriseCA", "pKIEnrollmentService"},
    {"rootcas", "RootCA", "certificationAuthority"},
    {"aiacas", "AIACA", "certificationAuthority"},
    {"ntauthstores", "NTAuthStore", "certificationAuthority"},
    {"issuancepolicies", "IssuancePolicy", "msPKI-Enterprise-Oid"},
    {"sites", "Site", "site"},
    {"siteservers", "SiteServer", "server"},
    {"sitesubnets", "SiteSubnet", "subnet"},
    {"sessions", "", ""},
};

constexpr CollectedRelation kRelations[] = {
    {.attribute = "SharpHound.Members",              .field = "Members",              .edge = MemberOf,          .from_object = false},
    {.attribute = "SharpHound.PrimaryGroupSID",      .field = "PrimaryGroupSID",      .edge = MemberOf,          .from_object = true},
    {.attribute = "SharpHound.HasSIDHistory",        .field = "HasSIDHistory",        .edge = HasSIDHistory,     .from_object = true},
    {.attribute = "SharpHound.AllowedToDelegate",    .field = "AllowedToDelegate",    .edge = AllowedToDelegate, .from_object = true},
    {.attribute = "SharpHound.AllowedToAct",         .field = "AllowedToAct",         .edge = AllowedToAct,      .from_object = false},
    {.attribute = "SharpHound.DumpSMSAPassword",     .field = "DumpSMSAPassword",     .edge = DumpSMSAPassword,  .from_object = true},
    {.attribute = "SharpHound.Sessions",             .field = "Sessions",             .edge = HasSession,        .from_object = true},
    {.attribute = "SharpHound.PrivilegedSessions",   .field = "PrivilegedSessions",   .edge = HasSession,        .from_object = true},
    {.attribute = "SharpHound.RegistrySessions",     .field = "RegistrySessions",     .edge = HasSession,        .from_object = true},
    {.attribute = "SharpHound.ChildObjects",         .field = "ChildObjects",         .edge = Contains,          .from_object = true},
    {.attribute = "SharpHound.ContainedBy",          .field = "ContainedBy",          .edge = Contains,          .from_object = false},
    {.attribute = collected::kLinks,                .field = "Links",                .edge = GPLink,            .from_object = false},
    {.attribute = "SharpHound.EnabledCertTemplates", .field = "EnabledCertTemplates", .edge = PublishedTo,       .from_object = false},
    {.attribute = "SharpHound.HostingComputer",      .field = "HostingComputer",      .edge = HostsCAService,    .from_object = false},
    {.attribute = "SharpHound.GroupLink",            .field = "GroupLink",            .edge = OIDGroupLink,      .from_object = true},
};

constexpr EdgeKind kRights[] = {
    OwnsRaw, OwnsLimitedRights, WriteOwnerRaw, WriteOwnerLimitedRights, GenericAll, GenericWrite, WriteDacl,
    AllExtendedRights, ForceChangePassword, AddMember, AddSelf, WriteSPN, AddKeyCredentialLink, AddAllowedToAct,
    WriteAccountRestrictions, WriteAltSecurityIdentities, WritePublicInformation, ReadLAPSPassword,
    ReadGMSAPassword, GetChanges, GetChangesAll, GetChangesInFilteredSet, WriteGPLink, Enroll, ManageCA,
    ManageCertificates, WritePKIEnrollmentFlag, WritePKINameFlag,
};

struct Privilege {
  std::string_view name;
  EdgeKind edge;
};

constexpr Privilege kPrivileges[] = {
    {"SeRemoteInteractiveLogonRight", RemoteInteractiveLogonRight},
    {"SeBackupPrivilege", BackupPrivilege},
    {"SeRestorePrivilege", RestorePrivilege},
};

constexpr CollectedProperty kProperties[] = {
    {.name = "samaccountname", .attribute = "sAMAccountName"},
    {.name = "displayname", .attribute = "displayName"},
    {.name = "description", .attribute = "description"},
    {.name = "title", .attribute = "title"},
    {.name = "email", .attribute = "mail"},
    {.name = "homedirectory", .attribute = "homeDirectory"},
    {.name = "logonscript", .attribute = "scriptPath"},
    {.name = "profilepath", .attribute = "profilePath"},
    {.name = "operatingsystem", .attribute = "operatingSystem"},
    {.name = "serviceprincipalnames", .attribute = "servicePrincipalName", .shape = PropertyShape::List},
    {.name = "gpcpath", .attribute = "gPCFileSysPath"},
    {.name = "dsheuristics", .attribute = "dSHeuristics"},
    {.name = "machineaccountquota", .attribute = "ms-DS-MachineAccountQuota", .shape = PropertyShape::Number},
    {.name = "blocksinheritance", .attribute = "gPOptions", .form = PropertyForm::Flag},
    {.name = "admincount", .attribute = "adminCount", .form = PropertyForm::Flag},
    {.name = "whencreated", .attribute = "whenCreated", .form = PropertyForm::Time},
    {.name = "pwdlastset", .attribute = "pwdLastSet", .form = PropertyForm::FileTime},
    {.name = "lastlogon", .attribute = "lastLogon", .form = PropertyForm::FileTime},
    {.name = "lastlogontimestamp", .attribute = "lastLogonTimestamp", .form = PropertyForm::FileTime},
    {.name = "userpassword", .attribute = "userPassword", .form = PropertyForm::Secret},
    {.name = "unixpassword", .attribute = "unixUserPassword", .form = PropertyForm::Secret},
    {.name = "unicodepassword", .attribute = "unicodePwd", .form = PropertyForm::Secret},
    {.name = "sfupassword", .attribute = "unixUserPassword", .form = PropertyForm::Secret},
    // Facts that BloodHound has no use for, under the names of LDAP.
    {.name = "objectclass", .attribute = "objectClass", .shape = PropertyShape::List},
    {.name = "useraccountcontrol", .attribute = "userAccountControl", .shape = PropertyShape::Number},
    {.name = "primarygroupid", .attribute = "primaryGroupID", .shape = PropertyShape::Number},
    {.name = "grouptype", .attribute = "groupType", .shape = PropertyShape::Number},
    // Without LDAP attribute, or computed from one.
    {.name = "ekus", .attribute = "SharpHound.Properties.ekus", .shape = PropertyShape::List},
    {.name = "effectiveekus", .attribute = "SharpHound.Properties.effectiveekus", .shape = PropertyShape::List},
    {.name = "certificateapplicationpolicy", .attribute = "SharpHound.Properties.certificateapplicationpolicy", .shape = PropertyShape::List},
    {.name = "certificatepolicy", .attribute = "SharpHound.Properties.certificatepolicy", .shape = PropertyShape::List},
    {.name = "applicationpolicies", .attribute = "SharpHound.Properties.applicationpolicies", .shape = PropertyShape::List},
    {.name = "issuancepolicies", .attribute = "SharpHound.Properties.issuancepolicies", .shape = PropertyShape::List},
    {.name = "certchain", .attribute = "SharpHound.Properties.certchain", .shape = PropertyShape::List},
    {.name = "certthumbprints", .attribute = "SharpHound.Properties.certthumbprints", .shape = PropertyShape::List},
    {.name = "crosscertificatepair", .attribute = "SharpHound.Properties.crosscertificatepair", .shape = PropertyShape::List},
    {.name = "allowedtodelegate", .attribute = "SharpHound.Properties.allowedtodelegate", .shape = PropertyShape::List},
    {.name = "supportedencryptiontypes", .attribute = "SharpHound.Properties.supportedencryptiontypes", .shape = PropertyShape::List},
    {.name = "schemaversion", .attribute = "SharpHound.Properties.schemaversion", .shape = PropertyShape::Number},
    {.name = "authorizedsignatures", .attribute = "SharpHound.Properties.authorizedsignatures", .shape = PropertyShape::Number},
    {.name = "basicconstraintpathlength", .attribute = "SharpHound.Properties.basicconstraintpathlength", .shape = PropertyShape::Number},
    {.name = "certificatemappingmethodsraw", .attribute = "SharpHound.Properties.certificatemappingmethodsraw", .shape = PropertyShape::Number},
    {.name = "strongcertificatebindingenforcementraw", .attribute = "SharpHound.Properties.strongcertificatebindingenforcementraw", .shape = PropertyShape::Number},
    {.name = "minpwdlength", .attribute = "SharpHound.Properties.minpwdlength", .shape = PropertyShape::Number},
    {.name = "pwdproperties", .attribute = "SharpHound.Properties.pwdproperties", .shape = PropertyShape::Number},
    {.name = "pwdhistorylength", .attribute = "SharpHound.Properties.pwdhistorylength", .shape = PropertyShape::Number},
    {.name = "lockoutthreshold", .attribute = "SharpHound.Properties.lockoutthreshold", .shape = PropertyShape::Number},
};

constexpr CollectedSetting kSettings[] = {
    {"certificatemappingmethodsraw", "DCRegistryData", "CertificateMappingMethods"},
    {"strongcertificatebindingenforcementraw", "DCRegistryData", "StrongCertificateBindingEnforcement"},
    {"isuserspecifiessanenabled", "CARegistryData", "IsUserSpecifiesSanEnabled"},
    {"roleseparationenabled", "CARegistryData", "RoleSeparationEnabled"},
};

constexpr CollectedAccountFlag kAccountFlags[] = {
    {.name = "enabled",                 .bit = uac::kAccountDisabled,            .when = false},
    {.name = "passwordnotreqd",         .bit = uac::kPasswordNotRequired,        .when = true},
    {.name = "encryptedtextpwdallowed", .bit = uac::kReversiblePassword,         .when = true},
    {.name = "pwdneverexpires",         .bit = uac::kPasswordNeverExpires,       .when = true},
    {.name = "smartcardrequired",       .bit = uac::kSmartcardRequired,          .when = true},
    {.name = "unconstraineddelegation", .bit = uac::kTrustedForDelegation,       .when = true},
    {.name = "sensitive",               .bit = uac::kNotDelegated,               .when = true},
    {.name = "usedeskeyonly",           .bit = uac::kDesKeyOnly,                 .when = true},
    {.name = "dontreqpreauth",          .bit = uac::kDontRequirePreauth,         .when = true},
    {.name = "trustedtoauth",           .bit = uac::kTrustedToAuthForDelegation, .when = true},
};
// clang-format on

}  // namespace

std::span<const CollectedType> collected_types() { return kTypes; }

std::span<const CollectedRelation> collected_relations() { return kRelations; }

const EdgeKind* collected_right(std::string_view name) {
  // What an owner may do, and who becomes one, the collector leaves to whoever knows the forest's settings.
  if (name == "Owns") name = "OwnsRaw";
  if (name == "WriteOwner") name = "WriteOwnerRaw";
  const auto found = std::find_if(std::begin(kRights), std::end(kRights),
                                  [&](EdgeKind kind) { return info_of(kind).name == name; });
  return found == std::end(kRights) ? nullptr : found;
}

const EdgeKind* collected_privilege(std::string_view name) {
  const auto found = std::find_if(std::begin(kPrivileges), std::end(kPrivileges),
                                  [&](const Privilege& row) { return row.name == name; });
  return found == std::end(kPrivileges) ? nullptr : &found->edge;
}

const CollectedProperty* collected_property(std::string_view name) {
  const auto found = std::find_if(std::begin(kProperties), std::end(kProperties),
                                  [&](const CollectedProperty& row) { return row.name == name; });
  return found == std::end(kProperties) ? nullptr : found;
}

std::span<const CollectedProperty> collected_properties() { return kProperties; }

std::span<const CollectedSetting> collected_settings() { return kSettings; }

std::span<const CollectedAccountFlag> collected_account_flags() { return kAccountFlags; }

}  // namespace tierline::knowledge
