#pragma once

// What one principal may do to one object, right by right, each with the entries that decide it.

#include <memory>
#include <string>
#include <vector>

#include "core/derive/access_check.h"
#include "core/derive/look_alikes.h"
#include "core/snapshot/snapshot.h"

namespace tierline::derive {

struct EffectiveRight {
  std::string right;                           ///< "WRITE_DAC", "WRITE_PROPERTY", "CONTROL_ACCESS", ...
  std::optional<directory::Guid> object_type;  ///< absent = the whole object
  std::string object_type_name;                ///< of an attribute, set, right or class; empty when unnamed
  std::vector<std::uint16_t> aces;             ///< places in the object's DACL
  bool by_ownership = false;                   ///< implied by being the owner
  bool conditional = false;                    ///< only where a condition over claims holds
  /// The place of a deny entry that would decide first where its condition over claims holds. Nothing may rest
  /// on a claim that we cannot read, so the right counts as granted.
  std::optional<std::uint16_t> unless = {};
};

class EffectiveRights {
 public:
  explicit EffectiveRights(const snapshot::Snapshot& snapshot);
  ~EffectiveRights();
  EffectiveRights(EffectiveRights&&) noexcept;
  EffectiveRights& operator=(EffectiveRights&&) noexcept;

  /// All rights of `principal`, a node of the graph derived from the same snapshot, on `object`, the widest of each kind: a right on the whole object, else on
  /// property sets, else on single attributes; over all children, else over those of single classes. Control access rights and validated
  /// writes are those meant for the object's class. REQUIRES: the node has an object or a SID. Errors: Incomplete when the object's descriptor was not read; BadData when it is malformed.
  Result<std::vector<EffectiveRight>> of(const graph::Node& principal, snapshot::ObjectIndex object);

  /// The entries of the object's DACL that seem to give `principal` a right that it does not have. As above.
  Result<std::vector<LookAlike>> look_alikes(const graph::Node& principal, snapshot::ObjectIndex object);

  /// The names of the attributes that `principal` may write on `object`. Errors as above.
  Result<std::vector<std::string>> writable_attributes(snapshot::ObjectIndex principal,
                                                       snapshot::ObjectIndex object);

  /// The names of the classes of which `principal` may create objects below `object`, as far as rights go.
  /// Errors as above.
  Result<std::vector<std::string>> creatable_classes(snapshot::ObjectIndex principal,
                                                     snapshot::ObjectIndex object);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tierline::derive
