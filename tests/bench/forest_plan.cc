#include "tests/bench/forest_plan.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/base/text.h"
#include "core/knowledge/user_account_control.h"

namespace tierline::bench {
namespace {

namespace uac = knowledge::uac;

using directory::Guid;
using directory::Sid;

// clang-format off
constexpr const char* kFirstNames[] = {
    "Anna", "Ben", "Carla", "David", "Elena", "Felix", "Greta", "Hassan", "Ines", "Jonas", "Katja", "Luca", "Maria", "Noah",
    "Olga", "Paul", "Rosa", "Samir", "Tanja", "Viktor", "Wanda", "Yusuf", "Zoe", "Mehmet", "Nina", "Oskar", "Petra", "Ravi",
};
constexpr const char* kLastNames[] = {
    "Adler", "Becker", "Costa", "Demir", "Engel", "Fischer", "Graf", "Hoffmann", "Ivanov", "Jansen", "Keller", "Lang",
    "Moreau", "Novak", "Olsen", "Peters", "Rossi", "Schmidt", "Tanaka", "Urban", "Vogel", "Weber", "Yilmaz", "Zimmermann",
};
constexpr const char* kTitles[] = {"Accountant", "Analyst", "Assistant", "Buyer", "Developer", "Engineer", "Manager", "Nurse",
                                   "Planner", "Researcher", "Sales representative", "Technician"};
constexpr const char* kUnitNames[] = {"Accounts", "Archive", "Branch", "Clients", "Facilities", "Laboratory", "Office",
                                      "Plant", "Projects", "Servers", "Shop", "Workstations"};
constexpr const char* kDivisionNames[kDivisions] = {
    "IT", "Berlin", "Chicago", "Dublin", "Finance", "Geneva", "Hamburg", "Legal", "Lisbon", "Logistics", "Production",
    "Research", "Sales", "Vienna"};
constexpr const char* kGroupPurposes[] = {"App", "Share", "Mail", "Print", "Role", "VPN", "Project"};
// clang-format on

constexpr std::uint32_t kFirstRid = 100'000;
constexpr std::size_t kTeam = 24;
constexpr std::size_t kTeamsOfDepartment = 12;
constexpr double kFlat = 8;                   // the largest groups differ less than further down
constexpr std::int64_t kNow = 1'795'478'400;  // 2026-11-24
constexpr std::int64_t kDay = 86'400;

template <class T, std::size_t n>
T pick(const T (&from)[n], std::uint64_t drawn) {
  return from[drawn % n];
}

std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

enum class ForestPlan::Draw : std::uint64_t {
  Guid,
  Unit,
  Staff,
  FirstMember,
  Stride,
  Nested,
  Delegates,
  Task,
  Helpdesk,
  Denies,
  Holds,
  Holder,
  Name,
  Title,
  Text,
  Control,
  Service,
  Protected,
  Created,
  Password,
  Logon,
  Server,
  HasLocal,
  Local,
  LocalAccount,
  Remote,
  Sessions,
  Session,
  AdminSession,
  Linked,
  Policy,
  Editor,
};

ForestPlan::ForestPlan(const Forest& forest)
    : forest_(forest), domain_(*Sid::parse("S-1-5-21-2018156605-3479576465-3716879092")) {
  const auto n = static_cast<double>(forest.objects);
  // Larger organisations have larger units, and hardly more administrators.
  units_ = kDivisions + static_cast<std::size_t>(186 * std::pow(n / 10'000, 0.7));
  groups_ = std::max<std::size_t>(forest.objects * 17 / 100, 200);
  policies_ = kDivisions + units_ / 20;
  administrators_ = 10 + static_cast<std::size_t>(std::cbrt(n) / 4);
  const std::size_t rest = units_ + groups_ + policies_ + administrators_ + kMirrors;
  const std::size_t accounts = std::max(forest.objects > rest ? forest.objects - rest : 0, 20 * kDivisions);
  computers_ = accounts * 31 / 100;
  users_ = accounts - computers_;

  std::size_t next = 1 + kDivisions;
  for (std::size_t d = 0; d < kDivisions; ++d) {
    department_first_.push_back(next);
    next += (accounts_in(d) + kTeam * kTeamsOfDepartment - 1) / (kTeam * kTeamsOfDepartment);
  }
  department_first_.push_back(next);
  for (std::size_t d = 0; d < kDivisions; ++d) {
    team_first_.push_back(next);
    next += (accounts_in(d) + kTeam - 1) / kTeam;
  }
  team_first_.push_back(next);
  access_first_ = next;
  double sum = 0;
  for (std::size_t g = access_first_; g < groups_; ++g) {
    sum += 1 / (static_cast<double>(g - access_first_) + kFlat);
  }
  // Beside the primary group and the team, each account is in so many groups on average.
  members_ = (forest.is_acl_heavy ? 6.2 : 1.4) * static_cast<double>(accounts) / sum;

  unit_dns_.reserve(units_);
  for (std::size_t unit = 0; unit < units_; ++unit) {
    const auto parent = parent_unit(unit);
    unit_dns_.push_back("OU=" + unit_name(unit) + "," + (parent ? unit_dns_[*parent] : kHead));
  }
}

std::uint64_t ForestPlan::draw(Draw what, std::uint64_t number, std::uint64_t more) const {
  const auto salt = static_cast<std::uint64_t>(forest_.seed) << 32 | static_cast<std::uint64_t>(what);
  return mixed(mixed(mixed(salt) ^ number) ^ more);
}

bool ForestPlan::happens(Draw what, std::uint64_t number, double share) const {
  return static_cast<double>(draw(what, number) >> 11) * 0x1p-53 < share;
}

// -- identities -----------------------------------------------------------------------------------------------------

Sid ForestPlan::group_sid(std::size_t group) const {
  return domain_.with_rid(kFirstRid + static_cast<std::uint32_t>(group));
}

Sid ForestPlan::account_sid(std::size_t account) const {
  return domain_.with_rid(kFirstRid + static_cast<std::uint32_t>(groups_ + account));
}

Sid ForestPlan::administrator_sid(std::size_t administrator) const {
  return domain_.with_rid(static_cast<std::uint32_t>(90'000 + administrator));
}

Sid ForestPlan::mirror_sid(std::size_t mirror) const {
  return domain_.with_rid(static_cast<std::uint32_t>(80'000 + mirror));
}

Guid ForestPlan::guid(char sort, std::size_t number) const {
  Guid made;
  for (std::uint64_t half = 0; half < 2; ++half) {
    const std::uint64_t bits = draw(Draw::Guid, number, static_cast<std::uint64_t>(sort) << 1 | half);
    for (std::size_t i = 0; i < 8; ++i) made.bytes[half * 8 + i] = static_cast<std::uint8_t>(bits >> (8 * i));
  }
  return made;
}

std::string ForestPlan::unit_name(std::size_t unit) const {
  if (unit < kDivisions) return kDivisionNames[unit];
  return std::string(pick(kUnitNames, draw(Draw::Name, unit, 'o'))) + " " + std::to_string(unit);
}

std::string ForestPlan::group_name(std::size_t group) const {
  if (group == all_staff()) return "All Staff";
  if (group <= kDivisions) return std::string(kDivisionNames[group - 1]) + " Staff";
  const std::string division = kDivisionNames[division_of_group(group)];
  if (group < team_first_.front()) return division + " Department " + std::to_string(group);
  if (group < access_first_) return division + " Team " + std::to_string(group);
  return std::string(pick(kGroupPurposes, draw(Draw::Name, group, 'g'))) + "_" + division + "_" +
         std::to_string(group);
}

std::string ForestPlan::group_dn(std::size_t group) const {
  return "CN=" + group_name(group) + "," + unit_dn(unit_of_group(group));
}

std::string ForestPlan::account_name(std::size_t account) const {
  const std::uint64_t drawn = draw(Draw::Name, account, 'a');
  if (is_computer(account)) {
    return (happens(Draw::Server, account, 0.12) ? "SRV" : "PC") + std::to_string(account - users_);
  }
  if (happens(Draw::Service, account, 0.03)) return "svc-" + std::to_string(account);
  return std::string(pick(kFirstNames, drawn)) + " " + pick(kLastNames, drawn >> 32) + " " +
         std::to_string(account);
}

std::string ForestPlan::account_dn(std::size_t account) const {
  return "CN=" + account_name(account) + "," + unit_dn(unit_of_account(account));
}

std::string ForestPlan::administrator_name(std::size_t administrator) const {
  return "adm-" + std::to_string(administrator);
}

std::string ForestPlan::mirror_name(std::size_t mirror) const {
  return "MSOL_" + std::to_string(draw(Draw::Name, mirror, 'm') % 0xFFFFFF);
}

std::string ForestPlan::policy_dn(std::size_t policy) const {
  return "CN={" + upper_case(guid('p', policy).to_string()) + "},CN=Policies,CN=System," + kHead;
}

PlannedAccount ForestPlan::account(std::size_t account) const {
  PlannedAccount made;
  made.name = account_name(account);
  const auto seconds = [&](Draw what, std::int64_t days) {
    return kNow - static_cast<std::int64_t>(draw(what, account) % static_cast<std::uint64_t>(days * kDay));
  };
  made.created = seconds(Draw::Created, 3000);
  const std::uint64_t control = draw(Draw::Control, account) % 100;
  const bool is_stale = control < 8;
  made.password_set = std::max(made.created, seconds(Draw::Password, is_stale ? 2500 : 180));
  if (control != 0) {
    made.last_logon = std::max(made.created, is_stale ? made.password_set : seconds(Draw::Logon, 40));
  }
  if (is_computer(account)) {
    const std::string number = std::to_string(account - users_);
    made.account_name = made.name + "$";
    made.host = fold_case(made.name) + "." + kDnsName;
    made.control = uac::kWorkstationTrustAccount;
    made.operating_system =
        made.name.starts_with("SRV") ? "Windows Server 2022 Standard" : "Windows 11 Enterprise";
    for (const char* service : {"HOST/", "RestrictedKrbHost/", "TERMSRV/"}) {
      made.service_names.push_back(service + made.name);
      made.service_names.push_back(service + made.host);
    }
    // Hosts that are trusted for delegation can be made to hand over the domain, so only one division has any.
    if (division_of_account(account) == 0 && draw(Draw::Control, account, 'd') % 200 == 0) {
      made.control |= uac::kTrustedForDelegation;
    }
  } else {
    made.control = uac::kNormalAccount;
    const bool is_service = happens(Draw::Service, account, 0.03);
    if (is_service) {
      made.account_name = made.name;
      made.service_names = {"MSSQLSvc/db" + std::to_string(account) + "." + kDnsName + ":1433"};
    } else {
      const std::size_t space = made.name.find(' ');
      const std::string last = made.name.substr(space + 1, 4);
      made.account_name = fold_case(made.name.substr(0, 1) + last) + std::to_string(account);
      made.title = pick(kTitles, draw(Draw::Title, account));
    }
    if (is_service || control % 10 == 3) made.control |= uac::kPasswordNeverExpires;
    if (control == 50) made.control |= uac::kPasswordNotRequired;
    if (draw(Draw::Control, account, 'p') % 500 == 0) made.control |= uac::kDontRequirePreauth;
    made.is_protected = happens(Draw::Protected, account, 0.001);
  }
  if (is_stale) made.control |= uac::kAccountDisabled;
  const std::uint64_t text = draw(Draw::Text, account);
  if (text % 10 < 3) {
    made.description =
        "Building " + std::to_string(text / 10 % 40) + ", floor " + std::to_string(text / 400 % 9);
  }
  return made;
}

// -- places ---------------------------------------------------------------------------------------------------------

std::size_t ForestPlan::in_division(std::size_t all, std::size_t division) const {
  return (all - division + kDivisions - 1) / kDivisions;
}

std::size_t ForestPlan::accounts_in(std::size_t division) const {
  return in_division(users_, division) + in_division(computers_, division);
}

std::size_t ForestPlan::account_in(std::size_t division, std::size_t place) const {
  const std::size_t users = in_division(users_, division);
  if (place < users) return division + place * kDivisions;
  return users_ + division + (place - users) * kDivisions;
}

std::optional<std::size_t> ForestPlan::parent_unit(std::size_t unit) const {
  if (unit < kDivisions) return std::nullopt;
  return (unit / kDivisions - 1) / 4 * kDivisions + unit % kDivisions;
}

std::size_t ForestPlan::unit_in(std::size_t division, std::uint64_t drawn) const {
  return division + drawn % in_division(units_, division) * kDivisions;
}

std::size_t ForestPlan::division_of_group(std::size_t group) const {
  if (group == all_staff()) return 0;
  if (group <= kDivisions) return group - 1;
  if (group >= access_first_) return (group - access_first_) % kDivisions;
  const std::vector<std::size_t>& first = group < team_first_.front() ? department_first_ : team_first_;
  return static_cast<std::size_t>(std::upper_bound(first.begin(), first.end(), group) - first.begin() - 1);
}

std::size_t ForestPlan::division_of_account(std::size_t account) const {
  return (is_computer(account) ? account - users_ : account) % kDivisions;
}

std::size_t ForestPlan::unit_of_group(std::size_t group) const {
  return unit_in(division_of_group(group), draw(Draw::Unit, group, 'g'));
}

std::size_t ForestPlan::unit_of_account(std::size_t account) const {
  return unit_in(division_of_account(account), draw(Draw::Unit, account, 'a'));
}

// -- groups ---------------------------------------------------------------------------------------------------------

// Everyone of the division that runs the others, so that all of it reaches Tier Zero.
bool ForestPlan::is_staff(std::size_t account) const {
  return division_of_account(account) == 0 || happens(Draw::Staff, account, 0.85);
}

// Teams of departments of divisions of all staff, and beside them groups that give access to something: the largest hold a
// good part of all, most a handful. Those of the first division have members of it alone.
void ForestPlan::members(std::size_t group, const std::function<void(std::size_t)>& account,
                         const std::function<void(std::size_t)>& nested) const {
  if (group == all_staff()) {
    for (std::size_t d = 0; d < kDivisions; ++d) nested(staff(d));
    return;
  }
  const std::size_t division = division_of_group(group);
  if (group <= kDivisions) {
    for (std::size_t g = department_first_[division]; g < department_first_[division + 1]; ++g) nested(g);
    return;
  }
  if (group < team_first_.front()) {
    const std::size_t first =
        team_first_[division] + (group - department_first_[division]) * kTeamsOfDepartment;
    for (std::size_t g = first; g < std::min(first + kTeamsOfDepartment, team_first_[division + 1]); ++g) {
      nested(g);
    }
    return;
  }
  if (group < access_first_) {
    const std::size_t first = (group - team_first_[division]) * kTeam;
    for (std::size_t i = first; i < std::min(first + kTeam, accounts_in(division)); ++i) {
      if (is_staff(account_in(division, i))) account(account_in(division, i));
    }
    return;
  }
  const std::size_t rank = group - access_first_;
  const std::size_t pool = division == 0 ? accounts_in(0) : accounts();
  const double wanted = members_ / (static_cast<double>(rank) + kFlat) * static_cast<double>(pool) /
                        static_cast<double>(accounts());
  const std::size_t size = std::clamp<std::size_t>(static_cast<std::size_t>(wanted), 2, pool / 4);
  const std::size_t stride = 1 + draw(Draw::Stride, group) % (pool / size);
  std::size_t place = draw(Draw::FirstMember, group) % pool;
  for (std::size_t i = 0; i < size; ++i) {
    account(division == 0 ? account_in(0, place) : place);
    place = (place + stride) % pool;
  }
  for (std::size_t child = 3 * rank + 1; child <= 3 * rank + 3; ++child) {
    const std::size_t inner = access_first_ + child;
    if (inner >= groups_ || !happens(Draw::Nested, inner, 0.2)) continue;
    if (division != 0 || division_of_group(inner) == 0) nested(inner);
  }
}

std::size_t ForestPlan::access_group(std::size_t division, std::uint64_t drawn) const {
  const std::size_t all = in_division(groups_ - access_first_, division);
  // Those who have a task are some, and neither the largest groups nor new ones for each unit.
  const std::size_t first = std::min<std::size_t>(10, all / 2);
  const std::size_t some = std::min(all - first, 4 + units_ / kDivisions / 4);
  return access_first_ + division + (first + drawn % some) * kDivisions;
}

std::size_t ForestPlan::task_count(std::size_t unit) const {
  const bool is_division = unit < kDivisions;
  if (!is_division && !happens(Draw::Delegates, unit, 0.33)) return 0;
  if (!forest_.is_acl_heavy) return 1;
  return is_division ? 8 : 5;
}

std::size_t ForestPlan::task(std::size_t unit, std::size_t slot, std::size_t tasks) const {
  return (draw(Draw::Task, unit) + slot * 2) % tasks;
}

std::size_t ForestPlan::helpdesk(std::size_t unit, std::size_t slot) const {
  return access_group(unit % kDivisions, draw(Draw::Helpdesk, unit, slot));
}

bool ForestPlan::denies_contractors(std::size_t unit) const {
  return task_count(unit) != 0 && happens(Draw::Denies, unit, 0.1);
}

std::size_t ForestPlan::user_of(std::size_t division, std::uint64_t drawn) const {
  return account_in(division, drawn % in_division(users_, division));
}

std::optional<std::size_t> ForestPlan::holder(ObjectKind kind, std::size_t number) const {
  const std::uint64_t key = number << 2 | static_cast<std::uint64_t>(kind);
  if (kind == ObjectKind::Unit || !happens(Draw::Holds, key, 0.005)) return std::nullopt;
  const std::size_t division =
      kind == ObjectKind::Group ? division_of_group(number) : division_of_account(number);
  return user_of(division, draw(Draw::Holder, key));
}

// -- hosts ----------------------------------------------------------------------------------------------------------

bool ForestPlan::has_local_groups(std::size_t computer) const {
  return happens(Draw::HasLocal, computer, forest_.is_acl_heavy ? 0.9 : 0.4);
}

std::vector<std::size_t> ForestPlan::local_administrators(std::size_t computer) const {
  const std::size_t division = division_of_account(computer);
  std::vector<std::size_t> groups;
  for (std::uint64_t i = 0; i < 2; ++i) {
    groups.push_back(access_group(division, draw(Draw::Local, unit_of_account(computer), i)));
  }
  if (groups[0] == groups[1]) groups.pop_back();
  return groups;
}

std::optional<std::size_t> ForestPlan::local_administrator(std::size_t computer) const {
  if (!happens(Draw::LocalAccount, computer, 0.2)) return std::nullopt;
  return user_of(division_of_account(computer), draw(Draw::LocalAccount, computer, 1));
}

std::optional<std::size_t> ForestPlan::remote_users(std::size_t computer) const {
  if (!happens(Draw::Remote, computer, 0.25)) return std::nullopt;
  return access_group(division_of_account(computer), draw(Draw::Remote, computer, 1));
}

// Of users of the same division, so that nobody outside the first one meets its accounts.
std::vector<std::size_t> ForestPlan::sessions(std::size_t computer) const {
  const std::uint64_t drawn = draw(Draw::Sessions, computer);
  const std::uint64_t count = forest_.is_acl_heavy ? drawn % 10 / 7 + drawn % 10 / 6 : drawn % 4;
  std::vector<std::size_t> users;
  for (std::uint64_t i = 0; i < count; ++i) {
    users.push_back(user_of(division_of_account(computer), draw(Draw::Session, computer, i)));
  }
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  return users;
}

std::optional<std::size_t> ForestPlan::administrator_session(std::size_t computer) const {
  if (division_of_account(computer) != 0 || !happens(Draw::AdminSession, computer, 0.02)) return std::nullopt;
  return draw(Draw::AdminSession, computer, 1) % administrators_;
}

// -- policies -------------------------------------------------------------------------------------------------------

std::optional<std::size_t> ForestPlan::linked_policy(std::size_t unit) const {
  if (!happens(Draw::Linked, unit, forest_.is_acl_heavy ? 0.25 : 0.1)) return std::nullopt;
  const std::size_t division = unit % kDivisions;
  return division + draw(Draw::Policy, unit) % in_division(policies_, division) * kDivisions;
}

std::optional<std::size_t> ForestPlan::policy_editor(std::size_t policy) const {
  if (!happens(Draw::Editor, policy, 0.1)) return std::nullopt;
  return access_group(policy % kDivisions, draw(Draw::Editor, policy, 1));
}

}  // namespace tierline::bench
