#pragma once

// The attributes that derivation reads, looked up once per snapshot.

#include "core/snapshot/snapshot.h"

namespace tierline::derive {

struct AttributeIds {
  explicit AttributeIds(const snapshot::Snapshot& snapshot);

  using Id = snapshot::AttributeId;
  Id object_class, object_sid, sam_account_name, dns_host_name, display_name, name, instance_type;
  Id user_account_control, primary_group_id, group_type, member, sid_history;
  Id allowed_to_delegate_to, allowed_to_act, service_principal_name, group_msa_membership,
      host_service_account;
  Id gp_link, gp_options, ds_heuristics, flags;
  Id laps_legacy_expiry, laps_expiry;
  Id server_reference, gpc_functionality_version, gpc_wql_filter;
  Id trust_partner, flat_name, security_identifier, trust_direction, trust_type, trust_attributes;
  Id user_workstations, assigned_policy, assigned_silo;
  Id collected_kind, collected_id;
};

}  // namespace tierline::derive
