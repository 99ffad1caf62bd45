#pragma once

// The catalogue of edges. One row each; docs/edges.md is generated from it.

#include <cstdint>
#include <span>
#include <string_view>

#include "core/knowledge/caveats.h"

namespace tierline::knowledge {

enum class EdgeKind : std::uint8_t {
  MemberOf,
  Contains,
  Owns,
  OwnsRaw,
  OwnsLimitedRights,
  GenericAll,
  GenericWrite,
  WriteDacl,
  WriteOwner,
  WriteOwnerRaw,
  WriteOwnerLimitedRights,
  AllExtendedRights,
  ForceChangePassword,
  AddMember,
  AddSelf,
  WriteSPN,
  AddKeyCredentialLink,
  AddAllowedToAct,
  WriteAccountRestrictions,
  WriteAltSecurityIdentities,
  WriteUserAccountControl,
  WriteScriptPath,
  WriteProfilePath,
  WriteUserPrincipalName,
  WriteDNSHostName,
  WriteAllowedToDelegateTo,
  WriteMsDSGroupMSAMembership,
  WritePublicInformation,
  ReadLAPSPassword,
  SyncLAPSPassword,
  ReadGMSAPassword,
  DumpSMSAPassword,
  GetChanges,
  GetChangesAll,
  GetChangesInFilteredSet,
  DCSync,
  InstallReplica,
  AllowedToDelegate,
  AllowedToAct,
  CoerceToTGT,
  DCFor,
  HasSPN,
  DontReqPreauth,
  HasSIDHistory,
  ClaimSpecialIdentity,
  SameForestTrust,
  CrossForestTrust,
  SpoofSIDHistory,
  AbuseTGTDelegation,
  HasTrustKeys,
  GPLink,
  WriteGPLink,
  WriteGPOptions,
  WriteGPCFileSysPath,
  GPOAppliesTo,
  CanApplyGPO,
  ProtectAdminGroups,
  Enroll,
  WritePKIEnrollmentFlag,
  WritePKINameFlag,
  ServerIs,
  HasSession,
  MemberOfLocalGroup,
  LocalToComputer,
  AdminTo,
  CanRDP,
  CanPSRemote,
  ExecuteDCOM,
  SQLAdmin,
  RemoteInteractiveLogonRight,
  BackupPrivilege,
  RestorePrivilege,
  CanBackup,
  PublishedTo,
  HostsCAService,
  ManageCA,
  ManageCertificates,
  OIDGroupLink,
  DelegatedEnrollmentAgent,
  ExtendedByPolicy,
  IssuedSignedBy,
  EnterpriseCAFor,
  RootCAFor,
  TrustedForNTAuth,
  NTAuthStoreFor,
  EnrollOnBehalfOf,
  GoldenCert,
  ADCSESC1,
  ADCSESC3,
  ADCSESC4,
  ADCSESC6a,
  ADCSESC6b,
  ADCSESC7,
  ADCSESC9a,
  ADCSESC9b,
  ADCSESC10a,
  ADCSESC10b,
  ADCSESC13,
  ADCSESC15,
  CoerceAndRelayNTLMToSMB,
  CoerceAndRelayNTLMToLDAP,
  CoerceAndRelayNTLMToLDAPS,
  CoerceAndRelayNTLMToADCS,
};

/// What a domain expert should check about one kind of edge.
struct EdgeKindInfo {
  EdgeKind kind;
  std::string_view name;     ///< as BloodHound spells it, where it has one
  bool traversable;          ///< whether holding the source gives the target; an edge may still be weaker
  std::string_view meaning;  ///< what the source can do to the target
  std::string_view derived;  ///< from which facts, by which rule
  std::string_view
      remedy;  ///< the command that removes it, and what that costs; SOURCE and TARGET are its ends
  std::string_view detection;  ///< events of the security log that show its use, if auditing is on
  std::string_view attack;     ///< MITRE ATT&CK technique ids, separated by spaces
  std::string_view source;     ///< where the rule is specified
  Caveats caveats = {};        ///< what always goes with it
};

/// Edges that put the target's SID into the source's token.
constexpr bool puts_in_token(EdgeKind kind) {
  return kind == EdgeKind::MemberOf || kind == EdgeKind::HasSIDHistory ||
         kind == EdgeKind::ClaimSpecialIdentity;
}

/// Edges after which the actor is still the same: those of the token, and adding oneself to a group.
constexpr bool keeps_actor(EdgeKind kind) { return puts_in_token(kind) || kind == EdgeKind::AddSelf; }

/// Where edges of a kind stand among those that leave a node: what keeps the actor first, as some searches want nothing else.
constexpr unsigned out_order(EdgeKind kind) {
  return static_cast<unsigned>(kind) + (keeps_actor(kind) ? 0u : 256u);
}

/// A template whose certificates allow to ask for more of the same in another name.
constexpr bool may_be_to_itself(EdgeKind kind) { return kind == EdgeKind::EnrollOnBehalfOf; }

/// All rows, in the order of EdgeKind.
std::span<const EdgeKindInfo> edge_kinds();

const EdgeKindInfo& info_of(EdgeKind kind);

/// By name without case; null when there is none.
const EdgeKindInfo* find_edge_kind(std::string_view name);

}  // namespace tierline::knowledge
