#include "tests/bench/forest.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "collectors/importers.h"
#include "core/directory/sddl.h"
#include "core/snapshot/builder.h"

namespace tierline::bench {
namespace {

using directory::AttributeSyntax;
using directory::Sid;

constexpr const char* kBase = "DC=windomain,DC=local";
constexpr std::size_t kFirstRid = 100'000;

// What units inherit from the head of the domain by default, and every unit carries.
constexpr const char* kInherited =
    "(A;CIID;GA;;;DA)(A;CIID;GA;;;EA)(A;CIID;RPWPCRCCDCLCLORCWOWDSDDTSW;;;BA)(A;CIID;LC;;;RU)"
    "(OA;CIIOID;RP;59ba2f42-79a2-11d0-9020-00c04fc2d3cf;bf967aba-0de6-11d0-a285-00aa003049e2;RU)"
    "(OA;CIID;RPWP;5b47d60f-6090-40b2-9f37-2a4de88f3063;;KA)";

// The tasks that are delegated over a unit, in the order in which units get them.
constexpr const char* kTasks[] = {
    "(OA;CIIO%s;CR;00299570-246d-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;%s)",  // reset passwords
    "(OA;CIIO%s;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;bf967a9c-0de6-11d0-a285-00aa003049e2;%s)",  // add members
    "(A;CI%s;WD;;;%s)",                                         // everything
    "(OA;CIIO%s;WP;f3a64788-5306-11d1-a9c5-0000f80367c1;;%s)",  // service names
    "(OA;CIIO%s;SW;9b026da6-0d3c-465c-8bee-5199d7165cba;bf967a86-0de6-11d0-a285-00aa003049e2;%s)",  // key credentials
    "(OA;CIIO%s;WP;4c164200-20c0-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;%s)",  // restrictions
};

class Writer {
 public:
  explicit Writer(const Forest& forest)
      : forest_(forest),
        random_(forest.seed),
        domain_(*Sid::parse("S-1-5-21-2018156605-3479576465-3716879092")),
        units_(forest.objects / 20 + 1),
        groups_(forest.objects * 3 / 20 + 16),
        users_(forest.objects * 11 / 20 + 16),
        computers_(forest.objects / 4 + 1) {}

  Status run(const std::string& path) {
    snapshot::Provenance provenance;
    Status status = collectors::import_file(
        TIERLINE_SOURCE_DIR "/fixtures/directories/detectionlab/detectionlab.dat", builder_, provenance);
    if (!status) return status;
    guid_ = builder_.attribute("objectGUID", AttributeSyntax::Guid);
    sid_ = builder_.attribute("objectSid", AttributeSyntax::Sid);
    dn_ = builder_.attribute("distinguishedName", AttributeSyntax::DistinguishedName);
    class_ = builder_.attribute("objectClass", AttributeSyntax::Text);
    member_ = builder_.attribute("member", AttributeSyntax::DistinguishedName);
    control_ = builder_.attribute("userAccountControl", AttributeSyntax::Text);
    type_ = builder_.attribute("groupType", AttributeSyntax::Text);
    add_units();
    add_groups();
    for (std::size_t i = 0; i < users_; ++i)
      add_account(i, {"top", "person", "organizationalPerson", "user"}, "512");
    for (std::size_t i = 0; i < computers_; ++i) {
      add_account(users_ + i, {"top", "person", "organizationalPerson", "user", "computer"}, "4096");
    }
    return builder_.write(path, provenance);
  }

 private:
  std::string unit_dn(std::size_t unit) const { return "OU=o" + std::to_string(unit) + "," + kBase; }
  // Rids: units have none; groups come first, then accounts.
  Sid group_sid(std::size_t group) const {
    return domain_.with_rid(static_cast<std::uint32_t>(kFirstRid + group));
  }
  std::string group_dn(std::size_t group) const {
    return "CN=g" + std::to_string(group) + "," + unit_dn(group % units_);
  }
  std::string account_dn(std::size_t account) const {
    return std::string(account < users_ ? "CN=u" : "CN=c") +
           std::to_string(account < users_ ? account : account - users_) + "," + unit_dn(account % units_);
  }

  void begin(const std::string& dn, std::initializer_list<std::string_view> classes) {
    builder_.begin_object();
    std::string unique(16, '\x5B');
    const std::uint64_t number = ++objects_;
    for (std::size_t i = 0; i < 8; ++i) unique[i] = static_cast<char>(number >> (8 * i));
    builder_.value(guid_, unique);
    builder_.value(dn_, dn);
    for (const std::string_view name : classes) builder_.value(class_, name);
  }

  // The entries of a unit, as the unit has them or as what is in it inherits them.
  std::string entries(std::size_t unit, bool inherited) const {
    const std::size_t tasks = forest_.is_acl_heavy ? std::size(kTasks) : 2;
    std::string list;
    for (std::size_t task = 0; task < tasks; ++task) {
      char entry[256];
      // The helpdesk of a unit is a group of its own; the groups after the first are small.
      const std::string helpdesk = group_sid(1 + (unit * 7 + task * 13) % (groups_ - 1)).to_string();
      std::snprintf(entry, sizeof entry, kTasks[task], inherited ? "ID" : "", helpdesk.c_str());
      list += entry;
    }
    return list + kInherited;
  }

  void give(const std::string& sddl) {
    const auto bytes = directory::parse_sddl(sddl, {domain_});
    if (bytes) builder_.descriptor(as_bytes(*bytes));
  }

  void add_units() {
    for (std::size_t unit = 0; unit < units_; ++unit) {
      begin(unit_dn(unit), {"top", "organizationalUnit"});
      give("O:DAG:DAD:AI" + entries(unit, false));
      builder_.end_object();
    }
  }

  // The first group is everyone but half of the computers, or one account in fourteen of all; members of the others are
  // spread, or with tight tiers among those of the first group.
  std::vector<std::size_t> members_of(std::size_t group) {
    const std::size_t accounts = users_ + computers_;
    const std::size_t inner = forest_.is_leaky ? users_ + computers_ / 2 : accounts / 14;
    std::vector<std::size_t> members;
    if (group == 0) {
      for (std::size_t account = 0; account < inner; ++account) members.push_back(account);
      return members;
    }
    const auto size = static_cast<double>(accounts) / 8 / std::pow(static_cast<double>(group + 1), 1.05);
    const std::size_t among = forest_.is_leaky ? accounts : inner;
    const std::size_t stride = 1 + random_() % 97;
    std::size_t account = random_() % among;
    for (std::size_t i = 0; i < std::min(2 + static_cast<std::size_t>(size), among); ++i) {
      members.push_back(account);
      account = (account + stride) % among;
    }
    return members;
  }

  // The first group may do everything with an account that may do everything with one of Tier Zero.
  void add_groups() {
    for (std::size_t group = 0; group < groups_; ++group) {
      begin(group_dn(group), {"top", "group"});
      builder_.value(sid_, group_sid(group).to_bytes());
      builder_.value(type_, std::string_view("-2147483646"));
      for (const std::size_t account : members_of(group)) builder_.value(member_, account_dn(account));
      if (group > 1 && random_() % 10 < 3) builder_.value(member_, group_dn(1 + random_() % (group - 1)));
      give("O:DAG:DAD:AI" + entries(group % units_, true));
      builder_.end_object();
    }
    begin("CN=leak," + std::string(kBase), {"top", "person", "organizationalPerson", "user"});
    builder_.value(sid_, domain_.with_rid(90'000).to_bytes());
    builder_.value(control_, std::string_view("512"));
    give("O:DAG:DAD:P(A;;GA;;;" + group_sid(0).to_string() + ")");
    builder_.end_object();
    begin("CN=MSOL_leak," + std::string(kBase), {"top", "person", "organizationalPerson", "user"});
    builder_.value(sid_, domain_.with_rid(90'001).to_bytes());
    builder_.value(control_, std::string_view("512"));
    builder_.value(builder_.attribute("sAMAccountName", AttributeSyntax::Text),
                   std::string_view("MSOL_leak"));
    give("O:DAG:DAD:P(A;;GA;;;" + domain_.with_rid(90'000).to_string() + ")");
    builder_.end_object();
  }

  void add_account(std::size_t account, std::initializer_list<std::string_view> classes,
                   std::string_view control) {
    begin(account_dn(account), classes);
    builder_.value(sid_,
                   domain_.with_rid(static_cast<std::uint32_t>(kFirstRid + groups_ + account)).to_bytes());
    builder_.value(control_, control);
    give("O:DAG:DAD:AI" + entries(account % units_, true));
    builder_.end_object();
  }

  const Forest& forest_;
  std::mt19937 random_;
  Sid domain_;
  std::size_t units_;
  std::size_t groups_;
  std::size_t users_;
  std::size_t computers_;
  std::uint64_t objects_ = 0;
  snapshot::Builder builder_;
  snapshot::AttributeId guid_ = 0, sid_ = 0, dn_ = 0, class_ = 0, member_ = 0, control_ = 0, type_ = 0;
};

}  // namespace

Status write_forest(const Forest& forest, const std::string& path) { return Writer(forest).run(path); }

}  // namespace tierline::bench
