#pragma once

// Members of groups that live in another domain of the forest. A member is a DN, and the object of that name is
// not in the naming contexts we read; but the server knows its GUID and SID, which is all that a token needs, and
// tells them by the extended DN control. (Members from outside the forest need none of this: the domain holds a
// foreign security principal for each, with the SID.)

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "collectors/ldap/connection.h"
#include "collectors/ldap/root_dse.h"
#include "collectors/ldap/session.h"
#include "core/snapshot/builder.h"

namespace tierline::collectors::ldap {

/// "<GUID=...>;<SID=...>;DN" taken apart; what is not there stays empty.
struct ExtendedDn {
  std::string guid;  ///< as stored, 16 bytes
  std::string sid;   ///< as stored
  std::string_view dn;
};

ExtendedDn parse_extended_dn(std::string_view text);

class ForeignMembers {
 public:
  explicit ForeignMembers(const RootDse& root);

  /// Whether the object of this DN is in another domain of the forest.
  bool is_foreign(std::string_view dn) const;

  /// Remembers a group that has such members. `group` is a DN or <GUID=...>.
  void remember(const std::string& group);
  void forget_all() { groups_.clear(); }

  /// Asks for the members of the remembered groups and hands each foreign one over once, as an object with
  /// GUID, SID and DN. Coverage gets a line if there was anything to ask for.
  Status resolve(Session& session, snapshot::Builder& builder, const std::string& domain);

 private:
  void add(std::string_view member, snapshot::Builder& builder);

  std::string domain_suffix_;
  std::string domain_;         ///< DNS name, lower case
  std::string configuration_;  ///< DN suffix, lower case
  std::vector<std::string> groups_;
  std::unordered_set<std::string> seen_;
};

}  // namespace tierline::collectors::ldap
