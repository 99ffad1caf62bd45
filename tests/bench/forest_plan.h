#pragma once

// Who is who in a generated directory. All of it is worked out from the seed and a number, so nothing is kept and what is
// written first can name what is written last.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/directory/guid.h"
#include "core/directory/sid.h"
#include "tests/bench/forest.h"

namespace tierline::bench {

inline constexpr const char* kHead = "DC=windomain,DC=local";
inline constexpr const char* kDnsName = "windomain.local";

/// Divisions are the units right below the domain. The first one runs the others.
inline constexpr std::size_t kDivisions = 14;

/// Accounts that mirror the directory to the cloud, Tier Zero by default.
inline constexpr std::size_t kMirrors = 2;

/// When what is there from the beginning was made, in seconds since 1970.
inline constexpr std::int64_t kAtFirst = 1'600'000'000;

enum class ObjectKind : std::uint8_t { User, Computer, Group, Unit };

struct PlannedAccount {
  std::string name;  ///< its common name
  std::string account_name;
  std::string host;  ///< of a computer
  std::string description;
  std::string title;
  std::string operating_system;
  std::vector<std::string> service_names;
  std::int64_t control = 0;  ///< userAccountControl
  bool is_protected = false;
  // Seconds since 1970; 0 for never.
  std::int64_t created = 0;
  std::int64_t password_set = 0;
  std::int64_t last_logon = 0;
};

class ForestPlan {
 public:
  explicit ForestPlan(const Forest& forest);

  const Forest& forest() const { return forest_; }
  std::size_t units() const { return units_; }
  std::size_t groups() const { return groups_; }
  std::size_t users() const { return users_; }
  std::size_t accounts() const { return users_ + computers_; }  ///< users, then computers
  std::size_t policies() const { return policies_; }
  std::size_t administrators() const { return administrators_; }

  bool is_computer(std::size_t account) const { return account >= users_; }

  directory::Sid domain_sid() const { return domain_; }
  directory::Sid group_sid(std::size_t group) const;
  directory::Sid account_sid(std::size_t account) const;
  directory::Sid administrator_sid(std::size_t administrator) const;
  directory::Sid mirror_sid(std::size_t mirror) const;
  directory::Guid guid(char sort, std::size_t number) const;

  const std::string& unit_dn(std::size_t unit) const { return unit_dns_[unit]; }
  std::string unit_name(std::size_t unit) const;
  std::string group_name(std::size_t group) const;
  std::string group_dn(std::size_t group) const;
  std::string account_name(std::size_t account) const;
  std::string account_dn(std::size_t account) const;
  std::string administrator_name(std::size_t administrator) const;
  std::string mirror_name(std::size_t mirror) const;
  std::string policy_dn(std::size_t policy) const;

  PlannedAccount account(std::size_t account) const;

  /// Absent for a division.
  std::optional<std::size_t> parent_unit(std::size_t unit) const;
  std::size_t unit_of_group(std::size_t group) const;
  std::size_t unit_of_account(std::size_t account) const;
  std::size_t division_of_account(std::size_t account) const;

  /// Groups and accounts that are members.
  void members(std::size_t group, const std::function<void(std::size_t)>& account,
               const std::function<void(std::size_t)>& nested) const;

  // Who may do what: groups.
  std::size_t all_staff() const { return 0; }
  std::size_t staff(std::size_t division) const { return 1 + division; }
  /// Whom deny entries are about.
  std::size_t contractors() const { return access_first_ + 3; }
  /// Tasks that are delegated over the unit and what is in it, and to whom.
  std::size_t task_count(std::size_t unit) const;
  std::size_t task(std::size_t unit, std::size_t slot, std::size_t tasks) const;
  std::size_t helpdesk(std::size_t unit, std::size_t slot) const;
  bool denies_contractors(std::size_t unit) const;
  /// An account that has a right of its own on the object.
  std::optional<std::size_t> holder(ObjectKind kind, std::size_t number) const;

  // Hosts.
  bool has_local_groups(std::size_t computer) const;
  std::vector<std::size_t> local_administrators(std::size_t computer) const;   ///< groups
  std::optional<std::size_t> local_administrator(std::size_t computer) const;  ///< an account
  std::optional<std::size_t> remote_users(std::size_t computer) const;         ///< a group
  std::vector<std::size_t> sessions(std::size_t computer) const;               ///< accounts
  std::optional<std::size_t> administrator_session(std::size_t computer) const;

  // Policies.
  std::optional<std::size_t> linked_policy(std::size_t unit) const;
  std::optional<std::size_t> policy_editor(std::size_t policy) const;  ///< a group

 private:
  enum class Draw : std::uint64_t;
  std::uint64_t draw(Draw what, std::uint64_t number, std::uint64_t more = 0) const;
  bool happens(Draw what, std::uint64_t number, double share) const;

  std::size_t in_division(std::size_t all, std::size_t division) const;
  std::size_t accounts_in(std::size_t division) const;
  std::size_t account_in(std::size_t division, std::size_t place) const;
  std::size_t unit_in(std::size_t division, std::uint64_t drawn) const;
  std::size_t division_of_group(std::size_t group) const;
  bool is_staff(std::size_t account) const;
  std::size_t access_group(std::size_t division, std::uint64_t drawn) const;
  std::size_t user_of(std::size_t division, std::uint64_t drawn) const;

  Forest forest_;
  directory::Sid domain_;
  std::size_t units_;
  std::size_t groups_;
  std::size_t policies_;
  std::size_t administrators_;
  std::size_t users_;
  std::size_t computers_;
  std::vector<std::size_t> department_first_;  ///< by division, and the end
  std::vector<std::size_t> team_first_;
  std::size_t access_first_;
  double members_ = 0;  ///< of the access group of rank r, times r + kFlat
  std::vector<std::string> unit_dns_;
};

}  // namespace tierline::bench
