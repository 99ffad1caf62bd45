#include "core/derive/attribute_ids.h"

#include "core/knowledge/collected_relations.h"

namespace tierline::derive {

AttributeIds::AttributeIds(const snapshot::Snapshot& snapshot)
    : object_class(snapshot.attribute("objectClass")),
      object_sid(snapshot.attribute("objectSid")),
      sam_account_name(snapshot.attribute("sAMAccountName")),
      dns_host_name(snapshot.attribute("dNSHostName")),
      display_name(snapshot.attribute("displayName")),
      name(snapshot.attribute("name")),
      instance_type(snapshot.attribute("instanceType")),
      user_account_control(snapshot.attribute("userAccountControl")),
      primary_group_id(snapshot.attribute("primaryGroupID")),
      group_type(snapshot.attribute("groupType")),
      member(snapshot.attribute("member")),
      sid_history(snapshot.attribute("sIDHistory")),
      allowed_to_delegate_to(snapshot.attribute("msDS-AllowedToDelegateTo")),
      allowed_to_act(snapshot.attribute("msDS-AllowedToActOnBehalfOfOtherIdentity")),
      service_principal_name(snapshot.attribute("servicePrincipalName")),
      group_msa_membership(snapshot.attribute("msDS-GroupMSAMembership")),
      host_service_account(snapshot.attribute("msDS-HostServiceAccount")),
      gp_link(snapshot.attribute("gPLink")),
      gp_options(snapshot.attribute("gPOptions")),
      ds_heuristics(snapshot.attribute("dSHeuristics")),
      flags(snapshot.attribute("flags")),
      laps_legacy_expiry(snapshot.attribute("ms-Mcs-AdmPwdExpirationTime")),
      laps_expiry(snapshot.attribute("msLAPS-PasswordExpirationTime")),
      server_reference(snapshot.attribute("serverReference")),
      gpc_functionality_version(snapshot.attribute("gPCFunctionalityVersion")),
      gpc_wql_filter(snapshot.attribute("gPCWQLFilter")),
      trust_partner(snapshot.attribute("trustPartner")),
      flat_name(snapshot.attribute("flatName")),
      security_identifier(snapshot.attribute("securityIdentifier")),
      trust_direction(snapshot.attribute("trustDirection")),
      trust_type(snapshot.attribute("trustType")),
      trust_attributes(snapshot.attribute("trustAttributes")),
      user_workstations(snapshot.attribute("userWorkstations")),
      assigned_policy(snapshot.attribute("msDS-AssignedAuthNPolicy")),
      assigned_silo(snapshot.attribute("msDS-AssignedAuthNPolicySilo")),
      collected_kind(snapshot.attribute(knowledge::collected::kKind)),
      collected_id(snapshot.attribute(knowledge::collected::kIdentifier)) {}

}  // namespace tierline::derive
