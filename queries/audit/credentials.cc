// Rules about secrets and how they are kept: LAPS, krbtgt, Kerberos keys, replication.

#include <map>

#include "core/base/text.h"
#include "core/knowledge/collected_relations.h"
#include "core/knowledge/edge_kinds.h"
#include "core/knowledge/user_account_control.h"
#include "core/knowledge/well_known.h"
#include "queries/audit/walk.h"

namespace tierline::queries::audit {

using graph::ArcId;
using graph::EdgeId;
using graph::NodeId;
using knowledge::EdgeKind;
using knowledge::NodeKind;
namespace collected = knowledge::collected;
namespace rids = knowledge::rids;
namespace uac = knowledge::uac;
using Trait = graph::AttackGraph::Trait;

namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 60 * 60;
constexpr const char* kNoControl = "userAccountControl was not collected";

// [MS-KILE] 2.2.7
constexpr std::int64_t kDesAndRc4 = 0x7;
constexpr std::int64_t kAes = 0x18;

/// How hosts show that their local passwords are managed.
struct Laps {
  explicit Laps(const Context& of_context)
      : context(of_context),
        legacy(context.attribute("ms-Mcs-AdmPwdExpirationTime")),
        windows(context.attribute("msLAPS-PasswordExpirationTime")),
        said(context.attribute("SharpHound.Properties.haslaps")) {}

  bool is_on(NodeId host) const {
    return context.number(host, legacy).value_or(0) > 0 || context.number(host, windows).value_or(0) > 0 ||
           context.text(host, said) == "TRUE";
  }
  /// Whether a host without a sign of it has none.
  bool is_known() const {
    return context.is_collected("ms-Mcs-AdmPwdExpirationTime") ||
           context.is_collected("msLAPS-PasswordExpirationTime") || context.is_attribute_there(said);
  }

  const Context& context;
  snapshot::AttributeId legacy, windows, said;
};

// "AES256-CTS-HMAC-SHA1-96", as collectors name the bits.
bool is_without_aes(const snapshot::Values& names) {
  bool any_old = false;
  for (const auto name : names) {
    if (name.text().starts_with("AES")) return false;
    any_old = any_old || name.text().starts_with("RC4") || name.text().starts_with("DES");
  }
  return any_old;
}

}  // namespace

void replication_rights(const Context& context, Report& report) {
  std::size_t unread = 0;
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    const bool is_head = context.graph.nodes().kind(n) == NodeKind::Domain &&
                         context.graph.nodes().object(n) != snapshot::kNoObject;
    if (is_head && !context.are_rights_read(n)) ++unread;
  }
  if (unread != 0)
    report.unknown("the security descriptors of " + std::to_string(unread) + " domains were not read");
  for_each_arc(
      context.graph, [](const Trait& trait) { return trait.traversable && trait.kind == EdgeKind::DCSync; },
      [&](ArcId arc) {
        const NodeId source = context.graph.tail(arc);
        if (context.is_in_zero(source)) return;
        for_each_edge_of(context.graph, arc, [&](NodeId domain, EdgeId edge) {
          report.add({source, domain}, {edge}, "may replicate every secret of the domain");
        });
      });
}

void laps_coverage(const Context& context, Report& report) {
  const Laps laps(context);
  if (!laps.is_known()) return report.unknown("whether hosts have LAPS was not collected");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    const bool is_host = context.graph.nodes().kind(n) == NodeKind::Computer && context.is_active_account(n);
    if (is_host && !context.is_controller(n) && !laps.is_on(n))
      report.add({n}, {}, "has no password by LAPS");
  }
}

// Entries name the attributes by their GUIDs, which the schema tells.
void laps_readers(const Context& context, Report& report) {
  const bool is_known = context.is_attribute_there(context.attribute("schemaIDGUID")) ||
                        context.is_attribute_there(context.attribute(collected::kAces));
  if (!is_known)
    report.unknown("the schema was not collected, and without it no entry tells the attributes of LAPS");
  const Laps laps(context);
  std::size_t unread = 0;
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    const bool is_host = context.graph.nodes().kind(n) == NodeKind::Computer;
    if (is_host && laps.is_on(n) && !context.are_rights_read(n)) ++unread;
  }
  if (unread != 0)
    report.unknown("the security descriptors of " + std::to_string(unread) +
                   " hosts with LAPS were not read");
  struct Read {
    std::vector<EdgeId> edges;
    std::size_t hosts = 0;
  };
  std::map<NodeId, Read> by_reader;
  for_each_arc(
      context.graph,
      [](const Trait& trait) {
        return trait.kind == EdgeKind::ReadLAPSPassword || trait.kind == EdgeKind::SyncLAPSPassword;
      },
      [&](ArcId arc) {
        if (context.is_in_zero(context.graph.tail(arc))) return;
        Read& read = by_reader[context.graph.tail(arc)];
        read.edges.push_back(context.graph.id_of(arc));
        read.hosts += edges_of(context.graph, arc);
      });
  for (auto& [reader, read] : by_reader) {
    report.add(
        {reader}, std::move(read.edges),
        "may read the passwords of " + std::to_string(read.hosts) + (read.hosts == 1 ? " host" : " hosts"));
  }
}

void old_krbtgt(const Context& context, Report& report) {
  const auto now = context.now();
  if (!now) return report.unknown("the snapshot does not say when it was taken");
  const snapshot::AttributeId last_set = context.attribute("pwdLastSet");
  bool any = false;
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!context.is_user(n)) continue;
    const directory::Sid sid = context.graph.node(n).sid;
    if (!sid.is_domain_issued() || sid.rid() != rids::kKrbtgt) continue;
    any = true;
    const auto set = context.time(n, last_set);
    if (!set) {
      report.unknown("when the password of " + visible(context.graph.nodes().name(n)) +
                     " was set was not collected");
      continue;
    }
    const std::int64_t days = (*now - *set) / kDay;
    if (days > std::int64_t{context.settings.krbtgt_days}) {
      report.add({n}, {}, "its password was set " + std::to_string(days) + " days before",
                 context.facts(n, {last_set}));
    }
  }
  if (!any) report.unknown("krbtgt was not collected");
}

void weak_encryption(const Context& context, Report& report) {
  const snapshot::AttributeId bits = context.attribute("msDS-SupportedEncryptionTypes");
  const snapshot::AttributeId said = context.attribute("SharpHound.Properties.supportedencryptiontypes");
  const snapshot::AttributeId control = context.attribute("userAccountControl");
  if (!context.is_collected("msDS-SupportedEncryptionTypes") && !context.is_attribute_there(said))
    report.unknown("the encryption types of accounts were not collected, or none are set");
  if (!context.is_collected("userAccountControl")) report.unknown(kNoControl);
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!context.is_active_account(n)) continue;
    const std::int64_t types = context.number(n, bits).value_or(0);
    const Severity severity = context.is_in_zero(n) ? Severity::High : Severity::Medium;
    const auto facts = [&] { return context.facts(n, {control, bits, said}); };
    if ((context.number(n, control).value_or(0) & uac::kDesKeyOnly) != 0) {
      report.add(severity, {n}, {}, "uses DES keys only", facts());
    } else if ((types & kDesAndRc4) != 0 && (types & kAes) == 0) {
      report.add(severity, {n}, {}, "its encryption types are " + std::to_string(types) + ", without AES",
                 facts());
    } else if (context.has(n, said) &&
               is_without_aes(context.snapshot.object(context.graph.nodes().object(n)).values(said))) {
      report.add(severity, {n}, {}, "its encryption types are without AES", facts());
    }
  }
}

void no_preauthentication(const Context& context, Report& report) {
  const snapshot::AttributeId control = context.attribute("userAccountControl");
  if (!context.is_collected("userAccountControl")) return report.unknown(kNoControl);
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    if (!context.is_active_account(n)) continue;
    if ((context.number(n, control).value_or(0) & uac::kDontRequirePreauth) == 0) continue;
    report.add(context.is_in_zero(n) ? Severity::Critical : Severity::Medium, {n}, {},
               "anyone may ask for a ticket to guess its password from", context.facts(n, {control}));
  }
}

void machine_account_quota(const Context& context, Report& report) {
  const snapshot::AttributeId attribute = context.attribute("ms-DS-MachineAccountQuota");
  if (!context.is_attribute_there(attribute))
    return report.unknown("ms-DS-MachineAccountQuota was not collected");
  for (NodeId n = 0; n < context.graph.node_count(); ++n) {
    const bool is_there = context.graph.nodes().object(n) != snapshot::kNoObject;
    if (!is_there || context.graph.nodes().kind(n) != NodeKind::Domain) continue;
    const auto quota = context.number(n, attribute);
    if (!quota) {
      report.unknown("ms-DS-MachineAccountQuota of " + visible(context.graph.nodes().name(n)) +
                     " was not collected");
    } else if (*quota > 0) {
      report.add({n}, {}, "its quota is " + std::to_string(*quota), context.facts(n, {attribute}));
    }
  }
}

}  // namespace tierline::queries::audit
