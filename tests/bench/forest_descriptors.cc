#include "tests/bench/forest_descriptors.h"

#include <cstdio>
#include <cstdlib>

#include "core/base/text.h"
#include "core/directory/sddl.h"

namespace tierline::bench {
namespace {

using directory::Ace;
using directory::SecurityDescriptor;
using directory::Sid;

namespace ace_flag = directory::ace_flag;

constexpr std::size_t kKinds = 4;
constexpr const char* kClassNames[kKinds] = {"user", "computer", "group", "organizationalUnit"};
constexpr const char* kClassGuids[kKinds] = {
    "bf967aba-0de6-11d0-a285-00aa003049e2", "bf967a86-0de6-11d0-a285-00aa003049e2",
    "bf967a9c-0de6-11d0-a285-00aa003049e2", "bf967aa5-0de6-11d0-a285-00aa003049e2"};

/// A task that is delegated over units: an entry for objects of one class, or of any, and what a collector makes of it.
struct Task {
  const char* rights;
  const char* object_type;
  std::optional<ObjectKind> kind;
  const char* judged;
};

// clang-format off
constexpr Task kTasks[] = {
    {"CR", "00299570-246d-11d0-a768-00aa006e0529", ObjectKind::User, "ForceChangePassword"},
    {"RPWP", "bf9679c0-0de6-11d0-a285-00aa003049e2", ObjectKind::Group, "AddMember"},
    {"CCDCLCSWRPWPDTLOCRSDRCWDWO", "", ObjectKind::User, "GenericAll"},
    {"RPWP", "4c164200-20c0-11d0-a768-00aa006e0529", ObjectKind::Computer, "WriteAccountRestrictions"},
    {"RPWP", "f3a64788-5306-11d1-a9c5-0000f80367c1", ObjectKind::User, "WriteSPN"},
    {"RPWP", "5b47d60f-6090-40b2-9f37-2a4de88f3063", ObjectKind::User, "AddKeyCredentialLink"},
    {"CCDCLCSWRPWPDTLOCRSDRCWDWO", "", ObjectKind::Computer, "GenericAll"},
    {"WD", "", std::nullopt, "WriteDacl"},
    {"CCDCLCSWRPWPDTLOCRSDRCWDWO", "", ObjectKind::Group, "GenericAll"},
};

// What the account or group that holds a right of its own on an object has, by the object's kind.
struct OwnRight {
  const char* entry;
  const char* judged;
};
constexpr OwnRight kOwnRights[kKinds] = {
    {"(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;", "GenericAll"},
    {"(OA;;RPWP;4c164200-20c0-11d0-a768-00aa006e0529;;", "WriteAccountRestrictions"},
    {"(OA;;RPWP;bf9679c0-0de6-11d0-a285-00aa003049e2;;", "AddMember"},
    {},
};
// clang-format on

constexpr const char* kReplication[] = {"1131f6aa-9c07-11d1-f79f-00c04fc2dcd2",
                                        "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"};
constexpr const char* kReset = "(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;";

std::size_t place(ObjectKind kind) { return static_cast<std::size_t>(kind); }

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "the bundled directory: %s\n", what);
  std::exit(1);
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// The entry as an object of the class inherits it; absent when it ends here.
std::optional<Ace> inherited_by(Ace ace, ObjectKind kind) {
  if ((ace.flags & ace_flag::kContainerInherit) == 0) return std::nullopt;
  const auto of_class = directory::Guid::parse(kClassGuids[place(kind)]);
  const bool takes_effect = !ace.inherited_object_type || ace.inherited_object_type == of_class;
  const auto kept = static_cast<std::uint8_t>(ace.flags & ~ace_flag::kInheritOnly);
  ace.flags =
      static_cast<std::uint8_t>(kept | ace_flag::kInherited | (takes_effect ? 0 : ace_flag::kInheritOnly));
  return ace;
}

}  // namespace

ForestDescriptors::ForestDescriptors(const ForestPlan& plan, const snapshot::Snapshot& base) : plan_(plan) {
  read_defaults(base);
  read_head(base);
}

// Lean directories are those whose administrators took the operators and the built-in administrators out of the defaults, and
// where the system makes the objects, whose rights nobody lists.
void ForestDescriptors::read_defaults(const snapshot::Snapshot& base) {
  const auto name = base.attribute("lDAPDisplayName");
  const auto descriptor = base.attribute("defaultSecurityDescriptor");
  for (snapshot::ObjectIndex i = 0; i < base.object_count(); ++i) {
    const snapshot::Object object = base.object(i);
    if (object.dn().starts_with("CN=AdminSDHolder,CN=System,")) {
      protected_ = as_text(base.descriptor(object.descriptor()));
    }
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      if (object.text(name) != kClassNames[kind] || !object.has(descriptor)) continue;
      std::string entries(object.text(descriptor).substr(2));  // "D:"
      // Whoever makes an object owns it.
      entries = replaced(std::move(entries), ";CO)", ";DA)");
      if (!plan_.forest().is_acl_heavy) {
        entries = replaced(std::move(entries), "(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;AO)", "");
      }
      defaults_[kind] = std::move(entries);
    }
  }
  if (protected_.empty()) give_up("no AdminSDHolder");
  for (const std::string& entries : defaults_) {
    if (entries.empty()) give_up("no default descriptor of a class");
  }
}

void ForestDescriptors::read_head(const snapshot::Snapshot& base) {
  for (snapshot::ObjectIndex i = 0; i < base.object_count(); ++i) {
    const snapshot::Object object = base.object(i);
    if (object.dn() == kHead && object.descriptor() != snapshot::kNoDescriptor) {
      head_ = as_text(base.descriptor(object.descriptor()));
    }
  }
  const auto parsed = SecurityDescriptor::parse(as_bytes(head_));
  if (!parsed || !parsed->dacl) give_up("no descriptor of the domain");
  const directory::SddlContext context(plan_.domain_sid());
  std::string entries;
  for (std::size_t i = 0; i < kMirrors; ++i) {
    for (const char* right : kReplication) {
      entries += std::string("(OA;;CR;") + right + ";;" + plan_.mirror_sid(i).to_string() + ")";
    }
  }
  for (Ace ace : parsed->dacl->aces) {
    const std::uint32_t rid = ace.trustee.rid();
    const bool is_plain = (ace.flags & ace_flag::kInheritOnly) == 0;
    const bool hands_down = (ace.flags & ace_flag::kContainerInherit) != 0;
    if (!plan_.forest().is_acl_heavy && hands_down && (rid == 544 || rid == 526 || rid == 527)) {
      if (!is_plain) continue;
      ace.flags = 0;
    }
    entries += to_sddl(ace, context);
    if (ace.trustee == *Sid::parse("S-1-3-0")) continue;  // for the owner, whose rights say it already
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      const auto below = inherited_by(ace, static_cast<ObjectKind>(kind));
      if (below) from_head_[kind] += to_sddl(*below, context);
    }
  }
  head_ = bytes("O:BAG:BAD:AI" + entries);
}

std::string ForestDescriptors::bytes(const std::string& sddl) const {
  auto read = directory::parse_sddl(sddl, {plan_.domain_sid()});
  if (!read) give_up(read.error().describe().c_str());
  return *std::move(read);
}

std::optional<std::size_t> ForestDescriptors::delegating(std::optional<std::size_t> unit) const {
  while (unit && plan_.task_count(*unit) == 0) unit = plan_.parent_unit(*unit);
  return unit;
}

// Deny entries first, as tools write them.
std::string ForestDescriptors::delegated(std::size_t unit, ObjectKind kind, bool inherited) const {
  std::string entries;
  std::string denials;
  for (std::size_t slot = 0; slot < plan_.task_count(unit); ++slot) {
    const Task& task = kTasks[plan_.task(unit, slot, std::size(kTasks))];
    const bool takes_effect = !task.kind || task.kind == kind;
    const std::string fields = std::string(task.kind && !(inherited && takes_effect) ? "CIIO" : "CI") +
                               (inherited ? "ID;" : ";") + task.rights + ";" + task.object_type + ";" +
                               (task.kind ? kClassGuids[place(*task.kind)] : "") + ";";
    const char* const form = task.kind ? "OA;" : "A;";
    entries += "(" + (form + fields) + group(plan_.helpdesk(unit, slot)) + ")";
    if (slot != 0 || !plan_.denies_contractors(unit)) continue;
    denials = std::string("(") + (task.kind ? "OD;" : "D;") + fields + group(plan_.contractors()) + ")";
  }
  return denials + entries;
}

// From the nearest unit upwards.
std::string ForestDescriptors::inherited(ObjectKind kind, std::optional<std::size_t> unit) const {
  std::string entries;
  for (; unit; unit = plan_.parent_unit(*unit)) entries += delegated(*unit, kind, true);
  return entries + from_head_[place(kind)];
}

std::string ForestDescriptors::own(ObjectKind kind, std::size_t number) const {
  const auto holder = plan_.holder(kind, number);
  if (!holder) return {};
  return kOwnRights[place(kind)].entry + plan_.account_sid(*holder).to_string() + ")";
}

const std::string& ForestDescriptors::of(ObjectKind kind, std::size_t number, std::size_t unit) {
  const std::string begin = plan_.forest().is_acl_heavy ? "O:DAG:DAD:AI" : "O:SYG:DAD:AI";
  if (kind == ObjectKind::Unit && plan_.task_count(number) != 0) {
    last_ = bytes(begin + delegated(number, kind, false) + defaults_[place(kind)] +
                  inherited(kind, delegating(plan_.parent_unit(number))));
    return last_;
  }
  const auto from = delegating(kind == ObjectKind::Unit ? plan_.parent_unit(number) : std::optional(unit));
  const std::string entries = own(kind, number);
  if (!entries.empty()) {
    last_ = bytes(begin + entries + defaults_[place(kind)] + inherited(kind, from));
    return last_;
  }
  const std::uint64_t key = (from ? *from + 1 : 0) * kKinds + place(kind);
  const auto [found, added] = known_.try_emplace(key);
  if (added) found->second = bytes(begin + defaults_[place(kind)] + inherited(kind, from));
  return found->second;
}

std::string ForestDescriptors::of_policy(std::size_t policy) const {
  std::string sddl =
      "O:DAG:DAD:P(A;CI;RPWPCCDCLCLORCWOWDSDDTSW;;;DA)(A;CI;RPWPCCDCLCLORCWOWDSDDTSW;;;EA)"
      "(A;CI;RPWPCCDCLCLORCWOWDSDDTSW;;;SY)(A;CI;RPLCLORC;;;AU)"
      "(OA;CI;CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;;AU)(A;CI;LCRPLORC;;;ED)";
  if (const auto editor = plan_.policy_editor(policy))
    sddl += "(A;CI;CCDCLCRPWPLORC;;;" + group(*editor) + ")";
  return bytes(sddl);
}

std::string ForestDescriptors::of_mirror(std::size_t mirror) const {
  std::string entries = kReset + group(plan_.staff(0)) + ")";
  if (plan_.forest().is_leaky) {
    const std::string everyone = group(plan_.all_staff()) + ")";
    if (mirror == 0) {
      entries += kReset + everyone;
    } else {
      entries = "(D;;WD;;;" + group(plan_.contractors()) + ")" + entries + "(A;;WD;;;" + everyone;
    }
  }
  return bytes((plan_.forest().is_acl_heavy ? "O:DAG:DAD:AI" : "O:SYG:DAD:AI") + entries +
               defaults_[place(ObjectKind::User)] + from_head_[place(ObjectKind::User)]);
}

// -- as a collector judges them ---------------------------------------------------------------------------------------

void ForestDescriptors::add_defaults(ObjectKind kind, std::vector<JudgedRight>& rights) const {
  const std::string administrators = upper_case(kDnsName) + "-S-1-5-32-544";
  const auto of_domain = [&](std::uint32_t rid) { return plan_.domain_sid().with_rid(rid).to_string(); };
  const bool is_account = kind == ObjectKind::User || kind == ObjectKind::Computer;
  if (plan_.forest().is_acl_heavy) rights.push_back({of_domain(512), "Group", "Owns", false});
  rights.push_back({of_domain(512), "Group", "GenericAll", false});
  rights.push_back({of_domain(519), "Group", "GenericAll", true});
  if (!plan_.forest().is_acl_heavy) return;
  if (kind != ObjectKind::Unit) {
    rights.push_back({upper_case(kDnsName) + "-S-1-5-32-548", "Group", "GenericAll", false});
  }
  for (const char* right : {"GenericWrite", "WriteDacl", "WriteOwner"}) {
    rights.push_back({administrators, "Group", right, true});
  }
  if (!is_account) return;
  rights.push_back({administrators, "Group", "AllExtendedRights", true});
  rights.push_back({of_domain(526), "Group", "AddKeyCredentialLink", true});
  rights.push_back({of_domain(527), "Group", "AddKeyCredentialLink", true});
}

std::vector<JudgedRight> ForestDescriptors::rights(ObjectKind kind, std::size_t number,
                                                   std::size_t unit) const {
  std::vector<JudgedRight> rights;
  add_defaults(kind, rights);
  if (const auto holder = plan_.holder(kind, number)) {
    rights.push_back({plan_.account_sid(*holder).to_string(), "User", kOwnRights[place(kind)].judged, false});
  }
  const std::optional<std::size_t> first = kind == ObjectKind::Unit ? number : unit;
  for (std::optional<std::size_t> above = first; above; above = plan_.parent_unit(*above)) {
    for (std::size_t slot = 0; slot < plan_.task_count(*above); ++slot) {
      const Task& task = kTasks[plan_.task(*above, slot, std::size(kTasks))];
      if (task.kind && task.kind != kind) continue;
      const bool is_inherited = kind != ObjectKind::Unit || above != number;
      rights.push_back({group(plan_.helpdesk(*above, slot)), "Group", task.judged, is_inherited});
    }
  }
  return rights;
}

std::vector<JudgedRight> ForestDescriptors::rights_of_policy(std::size_t policy) const {
  std::vector<JudgedRight> rights;
  for (const std::uint32_t rid : {512u, 519u}) {
    const std::string holder = plan_.domain_sid().with_rid(rid).to_string();
    if (rid == 512) rights.push_back({holder, "Group", "Owns", false});
    for (const char* right : {"GenericWrite", "WriteDacl", "WriteOwner"}) {
      rights.push_back({holder, "Group", right, false});
    }
  }
  if (const auto editor = plan_.policy_editor(policy)) {
    rights.push_back({group(*editor), "Group", "GenericWrite", false});
  }
  return rights;
}

std::vector<JudgedRight> ForestDescriptors::rights_of_mirror(std::size_t mirror) const {
  std::vector<JudgedRight> rights;
  add_defaults(ObjectKind::User, rights);
  rights.push_back({group(plan_.staff(0)), "Group", "ForceChangePassword", false});
  if (plan_.forest().is_leaky) {
    rights.push_back(
        {group(plan_.all_staff()), "Group", mirror == 0 ? "ForceChangePassword" : "WriteDacl", false});
  }
  return rights;
}

std::vector<JudgedRight> ForestDescriptors::rights_of_protected() const {
  std::vector<JudgedRight> rights;
  const std::string owner = plan_.domain_sid().with_rid(512).to_string();
  rights.push_back({owner, "Group", "Owns", false});
  for (const std::string& holder :
       {owner, plan_.domain_sid().with_rid(519).to_string(), upper_case(kDnsName) + "-S-1-5-32-544"}) {
    for (const char* right : {"GenericWrite", "WriteDacl", "WriteOwner", "AllExtendedRights"}) {
      rights.push_back({holder, "Group", right, false});
    }
  }
  return rights;
}

}  // namespace tierline::bench
