#pragma once

// What collections for BloodHound say about an object besides its properties: relations to others, already judged
// by the collector and named as it names them. They are kept in a snapshot as attributes of the object, one value
// for each relation, whose parts are separated by tabs.

#include <span>
#include <string_view>

#include "core/knowledge/edge_kinds.h"

namespace tierline::knowledge {

namespace collected {

/// "RIGHT TRUSTEE KIND inherited|explicit HASH": an entry of a DACL, as the collector judged it.
inline constexpr std::string_view kAces = "SharpHound.Aces";
/// "TRUE" when an entry for OWNER RIGHTS is there, or an inherited one, even if it grants nothing of use.
inline constexpr std::string_view kAnyOwnerRights = "SharpHound.Properties.doesanyacegrantownerrights";
inline constexpr std::string_view kInheritedOwnerRights =
    "SharpHound.Properties.doesanyinheritedacegrantownerrights";
/// "GROUP read|REASON NAME": a local group of a computer.
inline constexpr std::string_view kLocalGroups = "SharpHound.LocalGroups";
/// "GROUP MEMBER KIND"
inline constexpr std::string_view kLocalGroupMembers = "SharpHound.LocalGroupMembers";
/// "PRIVILEGE HOLDER KIND"
inline constexpr std::string_view kUserRights = "SharpHound.UserRights";
/// "PRIVILEGE": its holders were read, even if there are none.
inline constexpr std::string_view kUserRightsRead = "SharpHound.UserRightsRead";
/// "POLICY KIND [enforced]": links of group policies.
inline constexpr std::string_view kLinks = "SharpHound.Links";
inline constexpr std::string_view kEnforced = "enforced";
/// "RID MEMBER KIND COMPUTER": by a group policy linked to the object, a member of the computer's local group.
inline constexpr std::string_view kPolicyMembers = "SharpHound.GPOChanges";
/// "SID DIRECTION TYPE filtered|open|unknown delegates|refuses|unknown NAME"
inline constexpr std::string_view kTrusts = "SharpHound.Trusts";
/// "COMPUTER PORT SERVICE"
inline constexpr std::string_view kServiceTargets = "SharpHound.SPNTargets";
/// "AGENT KIND TEMPLATE|*": who may enrol on behalf of others at an authority that restricts it.
inline constexpr std::string_view kEnrollmentAgents = "SharpHound.EnrollmentAgents";
/// "TRUE" when the entries of a certification authority are those of its registry, which decide ([MS-CSRA] 3.1.1.7).
inline constexpr std::string_view kAuthoritySecurityRead = "SharpHound.CASecurityRead";
/// "TRUE"
inline constexpr std::string_view kUnconstrained = "SharpHound.UnconstrainedDelegation";
inline constexpr std::string_view kIsDomainController = "SharpHound.IsDC";
/// The SID of the object's domain.
inline constexpr std::string_view kDomainSid = "SharpHound.DomainSID";
/// The object's identifier, where it is no GUID.
inline constexpr std::string_view kIdentifier = "SharpHound.ObjectIdentifier";
/// "EDGE OTHER KIND": an edge from the object, stated as such by a graph. More may follow: "weak" for one that leads
/// nowhere, or an empty part, and whose members it does not hold for.
inline constexpr std::string_view kEdges = "SharpHound.Edges";
/// The same, to the object.
inline constexpr std::string_view kEdgesInto = "SharpHound.EdgesInto";
inline constexpr std::string_view kWeak = "weak";
/// "TRUE" when all edges from the object are stated by somebody who knew more than a collection tells.
inline constexpr std::string_view kAllEdges = "SharpHound.AllEdges";
/// What the collector calls the object: "User", "CertTemplate".
inline constexpr std::string_view kKind = "SharpHound.Kind";
/// "TRUE" when the object inherits no entries.
inline constexpr std::string_view kProtected = "SharpHound.Properties.isaclprotected";
/// Whatever the collector says of the object that LDAP has no attribute for: kProperty + "blocksinheritance".
inline constexpr std::string_view kProperty = "SharpHound.Properties.";
/// Stands in the distinguished name of an object whose place the collection does not tell.
inline constexpr std::string_view kUnplaced = ",CN=Unplaced";

}  // namespace collected

/// A kind of object, and what the documents of such objects are called.
struct CollectedType {
  std::string_view documents;     ///< `meta.type`, and the end of the file's name
  std::string_view kind;          ///< as BloodHound names it
  std::string_view object_class;  ///< the most specific one, [MS-ADSC]
};

/// Sessions, which are of no kind of object, stand last.
std::span<const CollectedType> collected_types();

/// A relation whose value is "OTHER KIND": the identifier of the other object and what the collector took it for.
struct CollectedRelation {
  std::string_view attribute;
  std::string_view field;  ///< of the collection
  EdgeKind edge;
  bool from_object;  ///< whether the edge starts at the object that carries the attribute
};

std::span<const CollectedRelation> collected_relations();

/// The edge that a right of that name makes (WriteDacl, AddMember); absent for a name that is no right.
const EdgeKind* collected_right(std::string_view name);

/// The edge that a privilege or logon right of a computer makes (SeBackupPrivilege); null for any other.
const EdgeKind* collected_privilege(std::string_view name);

/// How a property of a collection is written in LDAP.
enum class PropertyForm : std::uint8_t {
  Text,
  Flag,      ///< true and false as 1 and 0
  Time,      ///< seconds since 1970 as generalized time
  FileTime,  ///< seconds since 1970, 0 or -1 for never, as hundreds of nanoseconds since 1601
  Secret,    ///< is not kept
};

/// How JSON writes the values of such an attribute, true and false aside.
enum class PropertyShape : std::uint8_t { Text, Number, List };

struct CollectedProperty {
  std::string_view name;       ///< in lower case
  std::string_view attribute;  ///< lDAPDisplayName, or a name of collected::kProperty
  PropertyForm form = PropertyForm::Text;
  PropertyShape shape = PropertyShape::Text;
};

/// Null for a property that is a text without LDAP attribute.
const CollectedProperty* collected_property(std::string_view name);

std::span<const CollectedProperty> collected_properties();

/// A property that a collector reads in the registry of a host, where its answer says whether it could.
struct CollectedSetting {
  std::string_view name;      ///< of the property
  std::string_view registry;  ///< the member of the host that holds such answers
  std::string_view field;     ///< of the registry
};
std::span<const CollectedSetting> collected_settings();

/// A property that is a bit of userAccountControl, [MS-ADTS] 2.2.16.
struct CollectedAccountFlag {
  std::string_view name;
  std::int64_t bit;
  bool when;  ///< the value of the property that sets the bit
};
std::span<const CollectedAccountFlag> collected_account_flags();

}  // namespace tierline::knowledge
