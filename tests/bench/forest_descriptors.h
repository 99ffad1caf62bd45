#pragma once

// The security descriptors of a generated directory: what the schema gives a new object, what is delegated over the units that
// it stands in, and what the head of the domain hands down, as a domain controller would put it together.

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/directory/security_descriptor.h"
#include "core/snapshot/snapshot.h"
#include "tests/bench/forest_plan.h"

namespace tierline::bench {

/// A right as a collector for BloodHound would judge the entry.
struct JudgedRight {
  std::string holder;          ///< identifier
  const char* kind = "Group";  ///< of the holder
  const char* right = "";      ///< "GenericAll"
  bool is_inherited = false;
};

class ForestDescriptors {
 public:
  /// `base` is the bundled directory.
  ForestDescriptors(const ForestPlan& plan, const snapshot::Snapshot& base);

  /// Of the user, computer or group with this number that stands in `unit`, or of the unit itself. Valid until the next call.
  const std::string& of(ObjectKind kind, std::size_t number, std::size_t unit);
  std::string of_policy(std::size_t policy) const;
  /// The account that mirrors directories to the cloud, Tier Zero, which those of the first division may act on, and in a
  /// leaky directory everyone but for some.
  std::string of_mirror(std::size_t mirror) const;
  /// What AdminSDHolder has.
  std::string of_protected() const { return protected_; }
  /// That of the domain, which lets the mirrors replicate secrets and in a lean directory hands down less.
  std::string of_head() const { return head_; }

  std::vector<JudgedRight> rights(ObjectKind kind, std::size_t number, std::size_t unit) const;
  std::vector<JudgedRight> rights_of_policy(std::size_t policy) const;
  std::vector<JudgedRight> rights_of_mirror(std::size_t mirror) const;
  std::vector<JudgedRight> rights_of_protected() const;

 private:
  /// The nearest unit from this one upwards that delegates; absent when none does.
  std::optional<std::size_t> delegating(std::optional<std::size_t> unit) const;
  std::string group(std::size_t number) const { return plan_.group_sid(number).to_string(); }
  std::string delegated(std::size_t unit, ObjectKind kind, bool inherited) const;
  std::string inherited(ObjectKind kind, std::optional<std::size_t> unit) const;
  std::string own(ObjectKind kind, std::size_t number) const;
  std::string bytes(const std::string& sddl) const;
  void read_defaults(const snapshot::Snapshot& base);
  void read_head(const snapshot::Snapshot& base);
  void add_defaults(ObjectKind kind, std::vector<JudgedRight>& rights) const;

  const ForestPlan& plan_;
  std::string head_;
  std::string protected_;
  std::string defaults_[4];   ///< entries, by ObjectKind
  std::string from_head_[4];  ///< as they are inherited
  boost::unordered_flat_map<std::uint64_t, std::string> known_;
  std::string last_;
};

}  // namespace tierline::bench
