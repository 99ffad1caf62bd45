#include "queries/diff.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <set>

#include "core/derive/derive.h"
#include "core/directory/sddl.h"
#include "core/snapshot/builder.h"
#include "core/snapshot/edits.h"

namespace tierline::queries {
namespace {

using directory::AttributeSyntax;
using directory::Sid;

const std::optional<Sid> kDomain = Sid::parse("S-1-5-21-1-2-3");

/// A directory small enough to see at once: a domain, an OU in it, ann and Crew in the OU, and Domain Admins; if
/// wanted, bob beside ann, and a child domain.
struct SmallForest {
  std::string ou_list = "D:AI(A;;GA;;;DA)";
  std::string ou_name = "OU=Staff,DC=corp,DC=test";
  std::string ann_list = "D:AI(A;;GA;;;DA)";
  std::string ann_name = "CN=ann," + ou_name;
  std::string crew_list = "D:PAI(A;;GA;;;DA)";
  std::string admins_list = "D:PAI(A;;GA;;;DA)";
  std::string description = "as it was";
  std::vector<std::string> crew_members;
  std::vector<std::string> admins_members;
  int staff = 0;  ///< so many more users
  bool has_bob = false;
  std::string child_list;  ///< of the child domain; empty: there is none
  bool has_guids = true;

  static std::string staff_name(int i) { return "staff" + std::to_string(i); }

  struct Loaded {
    snapshot::Snapshot snapshot;
    graph::AttackGraph graph;
  };

  std::unique_ptr<Loaded> load() const {
    snapshot::Builder builder;
    char number = 0;
    const auto add = [&](const std::string& dn, std::initializer_list<const char*> classes, std::uint32_t rid,
                         const std::string& list, const std::string& account, const Sid& domain = *kDomain) {
      builder.begin_object();
      if (has_guids) {
        builder.value(builder.attribute("objectGUID", AttributeSyntax::Guid),
                      std::string(15, 'g') + ++number);
      }
      builder.value(builder.attribute("distinguishedName", AttributeSyntax::DistinguishedName), dn);
      for (const char* name : classes) {
        builder.value(builder.attribute("objectClass", AttributeSyntax::Text), std::string_view(name));
      }
      const Sid sid = rid == 0 ? domain : domain.with_rid(rid);
      if (rid != 1) builder.value(builder.attribute("objectSid", AttributeSyntax::Sid), sid.to_bytes());
      if (!account.empty())
        builder.value(builder.attribute("sAMAccountName", AttributeSyntax::Text), account);
      builder.descriptor(as_bytes(*directory::parse_sddl("O:DAG:DA" + list, kDomain)));
    };
    add("DC=corp,DC=test", {"top", "domainDNS"}, 0, "D:AI", "");
    builder.end_object();
    add(ou_name, {"top", "organizationalUnit"}, 1, ou_list, "");
    builder.end_object();
    add(ann_name, {"top", "user"}, 1104, ann_list, "ann");
    builder.value(builder.attribute("userAccountControl", AttributeSyntax::Text), std::string_view("512"));
    builder.value(builder.attribute("primaryGroupID", AttributeSyntax::Text), std::string_view("513"));
    builder.value(builder.attribute("description", AttributeSyntax::Text), description);
    builder.end_object();
    add("CN=Crew," + ou_name, {"top", "group"}, 1105, crew_list, "Crew");
    for (const std::string& member : crew_members) {
      builder.value(builder.attribute("member", AttributeSyntax::DistinguishedName), member);
    }
    builder.end_object();
    add("CN=Domain Admins,DC=corp,DC=test", {"top", "group"}, 512, admins_list, "Domain Admins");
    for (const std::string& member : admins_members) {
      builder.value(builder.attribute("member", AttributeSyntax::DistinguishedName), member);
    }
    builder.end_object();
    for (int i = 0; i < staff; ++i) {
      const std::string name = staff_name(i);
      add("CN=" + name + "," + ou_name, {"top", "user"}, 1200 + static_cast<std::uint32_t>(i), "D:P", name);
      builder.end_object();
    }
    if (has_bob) {
      add("CN=bob," + ou_name, {"top", "user"}, 1106, "D:PAI(A;;GA;;;DA)", "bob");
      builder.end_object();
    }
    if (!child_list.empty()) {
      add("DC=child,DC=corp,DC=test", {"top", "domainDNS"}, 0, child_list, "", *Sid::parse("S-1-5-21-4-5-6"));
      builder.end_object();
    }
    const auto file =
        std::filesystem::temp_directory_path() / ("tierline-diff-" + std::to_string(::getpid()) + ".snap");
    REQUIRE(builder.write(file.string(), {}).ok());
    Result<snapshot::Snapshot> opened = snapshot::Snapshot::open(file.string());
    std::filesystem::remove(file);
    REQUIRE(opened.ok());
    derive::Derived derived = derive::derive(*opened);
    return std::make_unique<Loaded>(Loaded{std::move(*opened), std::move(derived.graph)});
  }
};

/// The changes from one forest to another, as "op what: before -> after".
std::vector<std::string> changes(const SmallForest& before, const SmallForest& after) {
  const auto old_side = before.load();
  const auto new_side = after.load();
  const Drift drift = compare({old_side->snapshot, old_side->graph}, {new_side->snapshot, new_side->graph});
  CHECK(drift.comparable);
  std::vector<std::string> told;
  for (const Change& change : drift.changes) {
    const char* const ops[] = {"added", "removed", "changed"};
    const char* const whats[] = {"ace", "owner", "membership", "object", "attribute", "setting"};
    told.push_back(std::string(ops[static_cast<int>(change.op)]) + " " +
                   whats[static_cast<int>(change.what)] + ": " + change.before + " -> " + change.after);
  }
  return told;
}

using Told = std::vector<std::string>;
const std::string kAnn = "S-1-5-21-1-2-3-1104";

TEST_CASE("nothing changed, nothing told") { CHECK(changes({}, {}) == Told{}); }

TEST_CASE("the order and the repetition of entries are no change") {
  SmallForest before;
  SmallForest after;
  before.crew_list = "D:PAI(A;;GA;;;DA)(A;;RC;;;AU)(A;;LC;;;AU)";
  after.crew_list = "D:PAI(A;;LC;;;AU)(A;;GA;;;DA)(A;;RC;;;AU)(A;;RC;;;AU)";
  CHECK(changes(before, after) == Told{});
}

TEST_CASE("an entry handed down is told where it was written, not where it arrived") {
  SmallForest before;
  SmallForest after;
  after.ou_list = "D:AI(A;;GA;;;DA)(A;CI;WD;;;" + kAnn + ")";
  after.ann_list = "D:AI(A;;GA;;;DA)(A;CIID;WD;;;" + kAnn + ")";
  CHECK(changes(before, after) == Told{"added ace:  -> (A;CI;WD;;;" + kAnn + ")"});
  CHECK(changes(after, before) == Told{"removed ace: (A;CI;WD;;;" + kAnn + ") -> "});
}

TEST_CASE("an inherited entry that nothing above explains is told") {
  SmallForest before;
  SmallForest after;
  before.ou_list = after.ou_list = "D:AI(A;CI;WD;;;BA)";
  before.ann_list = "D:PAI(A;;GA;;;DA)";
  after.ann_list = "D:AI(A;;GA;;;DA)(A;CIID;WD;;;BA)";
  CHECK(changes(before, after) ==
        Told{"changed setting: protected -> inherits", "added ace:  -> (A;CIID;WD;;;BA)"});
}

TEST_CASE("a renamed container is one change; its children have not moved") {
  SmallForest after;
  after.ou_name = "OU=Personnel,DC=corp,DC=test";
  after.ann_name = "CN=ann," + after.ou_name;
  CHECK(changes({}, after) ==
        Told{"changed object: OU=Staff,DC=corp,DC=test -> OU=Personnel,DC=corp,DC=test"});
}

TEST_CASE("a renamed member is still the same member") {
  SmallForest before;
  SmallForest after;
  before.crew_members = {before.ann_name};
  after.ann_name = "CN=ann2," + after.ou_name;
  after.crew_members = {after.ann_name};
  CHECK(changes(before, after) ==
        Told{"changed object: CN=ann,OU=Staff,DC=corp,DC=test -> CN=ann2,OU=Staff,DC=corp,DC=test"});
}

TEST_CASE("a member that could not be read before is no new member") {
  SmallForest before;
  SmallForest after;
  before.crew_members = after.crew_members = {"CN=bob,OU=Staff,DC=corp,DC=test"};
  after.has_bob = true;
  CHECK(changes(before, after) == Told{"added object:  -> CN=bob,OU=Staff,DC=corp,DC=test"});
  CHECK(changes(after, before) == Told{"removed object: CN=bob,OU=Staff,DC=corp,DC=test -> "});
}

TEST_CASE("objects without GUID are told apart by their names") {
  SmallForest before;
  SmallForest after;
  before.has_guids = after.has_guids = false;
  after.has_bob = true;
  after.description = "as it is";
  CHECK(changes(before, after) == Told{"changed attribute: as it was -> as it is",
                                       "added object:  -> CN=bob,OU=Staff,DC=corp,DC=test"});
}

TEST_CASE("a well-known trustee is the one of the object's domain") {
  SmallForest before;
  SmallForest after;
  before.ou_list = before.child_list = "D:AI(A;;RC;;;AU)";
  after.ou_list = after.child_list = "D:AI(A;;RC;;;AU)(A;;WD;;;AU)";
  const auto old_side = before.load();
  const auto new_side = after.load();
  const Drift drift = compare({old_side->snapshot, old_side->graph}, {new_side->snapshot, new_side->graph});
  std::set<std::string> trustees;
  for (const Change& change : drift.changes) {
    REQUIRE(change.trustee);
    trustees.emplace(new_side->graph.node(change.trustee->node).name);
  }
  CHECK(trustees ==
        std::set<std::string>{"AUTHENTICATED USERS@CORP.TEST", "AUTHENTICATED USERS@CHILD.CORP.TEST"});
}

TEST_CASE("memberships and attributes") {
  SmallForest after;
  after.crew_members = {after.ann_name};
  after.description = "as it is";
  CHECK(changes({}, after) == Told{"changed attribute: as it was -> as it is",
                                   "added membership:  -> CN=ann,OU=Staff,DC=corp,DC=test"});
}

TEST_CASE("what opened hangs under what opened it, with the path") {
  SmallForest before;
  before.admins_list = "D:PAI(A;;WD;;;S-1-5-21-1-2-3-1105)(A;;GA;;;DA)";
  SmallForest after = before;
  after.crew_members = {after.ann_name};
  const auto old_side = before.load();
  const auto new_side = after.load();
  const Drift drift = compare({old_side->snapshot, old_side->graph}, {new_side->snapshot, new_side->graph});
  REQUIRE(drift.changes.size() == 1);
  REQUIRE(drift.changes[0].edges_opened.size() == 1);
  CHECK(new_side->graph.edge(drift.changes[0].edges_opened[0]).kind == knowledge::EdgeKind::MemberOf);
  REQUIRE(drift.paths_opened.size() == 1);
  CHECK(drift.paths_opened[0].edges.size() == 2);
  CHECK(drift.exposed_before == 0);
  CHECK(drift.exposed_after == 1);
  REQUIRE(drift.newly_exposed.size() == 1);
  CHECK(new_side->graph.node(drift.newly_exposed[0]).name == "ANN@CORP.TEST");
}

TEST_CASE("a denial that went opens what it stopped") {
  SmallForest before;
  before.admins_list = "D:PAI(D;;WD;;;AU)(A;;WD;;;" + kAnn + ")";
  SmallForest after = before;
  after.admins_list = "D:PAI(A;;WD;;;" + kAnn + ")";
  const auto old_side = before.load();
  const auto new_side = after.load();
  const Drift drift = compare({old_side->snapshot, old_side->graph}, {new_side->snapshot, new_side->graph});
  REQUIRE(drift.changes.size() == 1);
  CHECK(drift.changes[0].op == Change::Op::Removed);
  CHECK(drift.changes[0].edges_opened.size() == 1);
  CHECK(drift.paths_opened.size() == 1);
}

TEST_CASE(
    "who reaches Tier Zero is unknown when most accounts are in it, and the changes are told all the same") {
  SmallForest before;
  before.staff = 30;
  before.crew_members = {before.ann_name};
  before.admins_list = "D:PAI(A;;WD;;;S-1-5-21-1-2-3-1105)(A;;GA;;;DA)";
  SmallForest after = before;
  for (int i = 0; i < after.staff; ++i) {
    after.admins_members.push_back("CN=" + SmallForest::staff_name(i) + "," + after.ou_name);
  }
  const auto old_side = before.load();
  const auto new_side = after.load();
  const Drift drift = compare({old_side->snapshot, old_side->graph}, {new_side->snapshot, new_side->graph});
  CHECK(drift.comparable);
  CHECK(drift.changes.size() == 30);
  CHECK(drift.exposed_before == 1);
  CHECK(!drift.exposed_after);
  CHECK(drift.no_longer_exposed.empty());
  CHECK(drift.paths_closed.empty());
}

TEST_CASE("a snapshot with edits differs from the one that was edited, whose identity it has") {
  SmallForest forest;
  forest.admins_list = "D:PAI(A;;WD;;;S-1-5-21-1-2-3-1105)(A;;GA;;;DA)";
  forest.crew_members = {forest.ann_name};
  const auto whole = forest.load();
  snapshot::Edits edits(whole->snapshot);
  const snapshot::AttributeId member = whole->snapshot.attribute("member");
  for (snapshot::ObjectIndex i = 0; i < whole->snapshot.object_count(); ++i) {
    if (!whole->snapshot.object(i).values(member).empty()) edits.remove(i, member, 0);
  }
  const Result<snapshot::Snapshot> edited = edits.apply();
  REQUIRE(edited.ok());
  const graph::AttackGraph graph = derive::derive(*edited).graph;
  const Drift drift = compare({whole->snapshot, whole->graph}, {*edited, graph});
  CHECK(drift.changes.size() == 1);
  CHECK(drift.edges_closed.size() == 1);
  CHECK(drift.exposed_before == 1);
  CHECK(drift.exposed_after == 0);
}

}  // namespace
}  // namespace tierline::queries
