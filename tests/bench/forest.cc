#include "tests/bench/forest.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <ctime>

#include "collectors/importers.h"
#include "core/base/text.h"
#include "core/knowledge/collected_relations.h"
#include "core/snapshot/builder.h"
#include "tests/bench/bundled_directory.h"
#include "tests/bench/forest_descriptors.h"
#include "tests/bench/forest_plan.h"

namespace tierline::bench {
namespace {

using directory::AttributeSyntax;
using directory::Sid;
using snapshot::AttributeId;
using snapshot::Snapshot;

namespace collected = knowledge::collected;

constexpr const char* kSchemaDn = ",CN=Schema,CN=Configuration,DC=windomain,DC=local";

std::string file_time(std::int64_t seconds) {
  return seconds == 0 ? "0" : std::to_string((seconds + 11'644'473'600) * 10'000'000);
}

std::string generalized_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts = {};
  ::gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%d%H%M%S.0Z", &parts)};
}

class Writer {
 public:
  Writer(const Forest& forest, const Snapshot& base)
      : plan_(forest), base_(base), descriptors_(plan_, base) {}

  Status run(const std::string& path) {
    copy_base();
    for (std::size_t unit = 0; unit < plan_.units(); ++unit) add_unit(unit);
    for (std::size_t policy = 0; policy < plan_.policies(); ++policy) add_policy(policy);
    for (std::size_t group = 0; group < plan_.groups(); ++group) add_group(group);
    for (std::size_t account = 0; account < plan_.accounts(); ++account) add_account(account);
    for (std::size_t i = 0; i < plan_.administrators(); ++i) {
      add_privileged(plan_.administrator_name(i), plan_.administrator_sid(i), 'd', i,
                     descriptors_.of_protected());
    }
    for (std::size_t i = 0; i < kMirrors; ++i) {
      add_privileged(plan_.mirror_name(i), plan_.mirror_sid(i), 'm', i, descriptors_.of_mirror(i));
    }
    return builder_.write(path, base_.meta().provenance);
  }

 private:
  void copy_base() {
    std::vector<AttributeId> ids;
    for (const snapshot::AttributeInfo& attribute : base_.meta().attributes) {
      ids.push_back(builder_.attribute(attribute.name, attribute.syntax));
    }
    for (snapshot::ObjectIndex i = 0; i < base_.object_count(); ++i) {
      const snapshot::Object object = base_.object(i);
      builder_.begin_object();
      for (const AttributeId attribute : object.attributes()) {
        for (const auto value : object.values(attribute)) builder_.value(ids[attribute], value.bytes);
      }
      if (object.dn() == std::string("CN=Domain Admins,CN=Users,") + kHead) {
        for (std::size_t a = 0; a < plan_.administrators(); ++a) {
          dn("member", "CN=" + plan_.administrator_name(a) + ",CN=Users," + kHead);
        }
      }
      if (object.dn() == kHead) {
        builder_.descriptor(as_bytes(descriptors_.of_head()));
      } else if (object.descriptor() != snapshot::kNoDescriptor) {
        builder_.descriptor(base_.descriptor(object.descriptor()));
      }
      builder_.end_object();
    }
    for (const snapshot::Area& area : base_.meta().coverage) {
      if (area.area != "local groups" && area.area != "sessions") builder_.cover(area);
    }
  }

  // -- values of the object begun -------------------------------------------------------------------------------

  AttributeId id(const char* name, AttributeSyntax syntax) {
    const auto [found, added] = ids_.try_emplace(name);
    if (added) found->second = builder_.attribute(name, syntax);
    return found->second;
  }
  void text(const char* name, std::string_view value) {
    builder_.value(id(name, AttributeSyntax::Text), value);
  }
  void dn(const char* name, std::string_view value) {
    builder_.value(id(name, AttributeSyntax::DistinguishedName), value);
  }

  void begin(char sort, std::size_t number, const std::string& name, const std::string& parent,
             std::initializer_list<std::string_view> classes, const char* category) {
    builder_.begin_object();
    builder_.value(id("objectGUID", AttributeSyntax::Guid), plan_.guid(sort, number).bytes);
    const bool is_unit = sort == 'o';
    dn("distinguishedName", (is_unit ? "OU=" : "CN=") + name + "," + parent);
    for (const std::string_view one : classes) text("objectClass", one);
    text(is_unit ? "ou" : "cn", name);
    text("name", name);
    text("instanceType", "4");
    dn("objectCategory", std::string("CN=") + category + kSchemaDn);
    const std::string usn = std::to_string(100'000 + next_usn_++);
    text("uSNCreated", usn);
    text("uSNChanged", usn);
  }

  void times(std::int64_t created, std::int64_t changed) {
    text("whenCreated", generalized_time(created));
    text("whenChanged", generalized_time(changed));
  }

  void principal(const Sid& sid, std::string_view name, const char* type) {
    builder_.value(id("objectSid", AttributeSyntax::Sid), as_bytes(sid.to_bytes()));
    text("sAMAccountName", name);
    text("sAMAccountType", type);
  }

  void end(std::string_view descriptor) {
    builder_.descriptor(as_bytes(descriptor));
    builder_.end_object();
  }

  // -- objects ----------------------------------------------------------------------------------------------------

  void add_unit(std::size_t unit) {
    const auto parent = plan_.parent_unit(unit);
    begin('o', unit, plan_.unit_name(unit), parent ? plan_.unit_dn(*parent) : kHead,
          {"top", "organizationalUnit"}, "Organizational-Unit");
    times(kAtFirst, kAtFirst);
    if (const auto policy = plan_.linked_policy(unit)) {
      text("gPLink", "[LDAP://" + plan_.policy_dn(*policy) + ";0]");
    }
    end(descriptors_.of(ObjectKind::Unit, unit, unit));
  }

  void add_policy(std::size_t policy) {
    const std::string name = "{" + upper_case(plan_.guid('p', policy).to_string()) + "}";
    begin('p', policy, name, std::string("CN=Policies,CN=System,") + kHead,
          {"top", "container", "groupPolicyContainer"}, "Group-Policy-Container");
    times(kAtFirst, kAtFirst);
    text("displayName", "Settings " + std::to_string(policy));
    text("flags", "0");
    text("versionNumber", "65537");
    text("gPCFunctionalityVersion", "2");
    text("gPCFileSysPath", std::string("\\\\") + kDnsName + "\\SysVol\\" + kDnsName + "\\Policies\\" + name);
    end(descriptors_.of_policy(policy));
  }

  void add_group(std::size_t group) {
    const std::size_t unit = plan_.unit_of_group(group);
    const std::string name = plan_.group_name(group);
    begin('g', group, name, plan_.unit_dn(unit), {"top", "group"}, "Group");
    times(kAtFirst, kAtFirst);
    principal(plan_.group_sid(group), name, "268435456");
    text("groupType", "-2147483646");
    plan_.members(
        group, [&](std::size_t account) { dn("member", plan_.account_dn(account)); },
        [&](std::size_t inner) { dn("member", plan_.group_dn(inner)); });
    end(descriptors_.of(ObjectKind::Group, group, unit));
  }

  void add_account(std::size_t number) {
    const std::size_t unit = plan_.unit_of_account(number);
    const PlannedAccount account = plan_.account(number);
    const bool is_computer = plan_.is_computer(number);
    if (is_computer) {
      begin('a', number, account.name, plan_.unit_dn(unit),
            {"top", "person", "organizationalPerson", "user", "computer"}, "Computer");
    } else {
      begin('a', number, account.name, plan_.unit_dn(unit), {"top", "person", "organizationalPerson", "user"},
            "Person");
    }
    times(account.created, std::max(account.created, account.last_logon));
    principal(plan_.account_sid(number), account.account_name, is_computer ? "805306369" : "805306368");
    text("userAccountControl", std::to_string(account.control));
    text("primaryGroupID", is_computer ? "515" : "513");
    text("pwdLastSet", file_time(account.password_set));
    text("accountExpires", "9223372036854775807");
    if (account.last_logon != 0) {
      text("lastLogon", file_time(account.last_logon));
      text("lastLogonTimestamp", file_time(account.last_logon));
    }
    if (!account.description.empty()) text("description", account.description);
    for (const std::string& name : account.service_names) text("servicePrincipalName", name);
    if (is_computer) {
      text("dNSHostName", account.host);
      text("operatingSystem", account.operating_system);
      text("operatingSystemVersion", account.name.starts_with("SRV") ? "10.0 (20348)" : "10.0 (22631)");
      text("msDS-SupportedEncryptionTypes", "28");
      add_host(number, account);
    } else {
      text("userPrincipalName", account.account_name + "@" + kDnsName);
      if (!account.title.empty()) {
        text("displayName", account.name);
        text("mail", account.account_name + "@corp.example");
        text("title", account.title);
      }
      if (account.is_protected) text("adminCount", "1");
    }
    end(account.is_protected
            ? descriptors_.of_protected()
            : descriptors_.of(is_computer ? ObjectKind::Computer : ObjectKind::User, number, unit));
  }

  // What a collector asked the host itself, in the form in which collections for BloodHound are kept.
  void add_host(std::size_t computer, const PlannedAccount& account) {
    text(collected::kKind.data(), "Computer");
    const auto user = [&](std::size_t one) { return plan_.account_sid(one).to_string() + "\tUser"; };
    for (const std::size_t one : plan_.sessions(computer)) text("SharpHound.Sessions", user(one));
    if (const auto administrator = plan_.administrator_session(computer)) {
      text("SharpHound.Sessions", plan_.administrator_sid(*administrator).to_string() + "\tUser");
    }
    if (!plan_.has_local_groups(computer)) return;
    const std::string self = plan_.account_sid(computer).to_string();
    const std::string administrators = self + "-544";
    text(collected::kLocalGroups.data(), administrators + "\tADMINISTRATORS@" + upper_case(account.host));
    const auto member = [&](const std::string& group, const std::string& who) {
      text(collected::kLocalGroupMembers.data(), group + "\t" + who);
    };
    const auto of_group = [&](const Sid& sid) { return sid.to_string() + "\tGroup"; };
    member(administrators, of_group(plan_.domain_sid().with_rid(512)));
    for (const std::size_t group : plan_.local_administrators(computer)) {
      member(administrators, of_group(plan_.group_sid(group)));
    }
    if (const auto one = plan_.local_administrator(computer)) member(administrators, user(*one));
    if (const auto group = plan_.remote_users(computer)) {
      const std::string remote = self + "-555";
      text(collected::kLocalGroups.data(), remote + "\tREMOTE DESKTOP USERS@" + upper_case(account.host));
      member(remote, of_group(plan_.group_sid(*group)));
    }
  }

  void add_privileged(const std::string& name, const Sid& sid, char sort, std::size_t number,
                      const std::string& descriptor) {
    begin(sort, number, name, std::string("CN=Users,") + kHead,
          {"top", "person", "organizationalPerson", "user"}, "Person");
    times(kAtFirst, kAtFirst);
    principal(sid, name, "805306368");
    text("userAccountControl", "512");
    text("primaryGroupID", "513");
    text("pwdLastSet", file_time(kAtFirst));
    text("userPrincipalName", name + "@" + kDnsName);
    if (sort == 'd') text("adminCount", "1");
    end(descriptor);
  }

  ForestPlan plan_;
  const Snapshot& base_;
  ForestDescriptors descriptors_;
  snapshot::Builder builder_;
  boost::unordered_flat_map<std::string_view, AttributeId> ids_;
  std::uint64_t next_usn_ = 0;
};

}  // namespace

Result<Snapshot> bundled_directory() {
  snapshot::Builder builder;
  snapshot::Provenance provenance;
  Status status = collectors::import_file(
      TIERLINE_SOURCE_DIR "/fixtures/directories/detectionlab/detectionlab.dat", builder, provenance);
  if (!status) return std::move(status).error();
  Result<snapshot::File> file = builder.keep(provenance);
  if (!file) return std::move(file).error();
  return Snapshot::load(*std::move(file));
}

Status write_forest(const Forest& forest, const std::string& path) {
  const Result<Snapshot> base = bundled_directory();
  if (!base) return base.error();
  return Writer(forest, *base).run(path);
}

}  // namespace tierline::bench
