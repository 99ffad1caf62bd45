#include "core/derive/look_alikes.h"

#include <algorithm>
#include <set>

#include "core/derive/dacl.h"
#include "core/directory/sddl.h"
#include "core/knowledge/access_rights.h"
#include "core/knowledge/well_known.h"

namespace tierline::derive {
namespace {

using directory::Ace;
using directory::Guid;
using directory::Sid;
namespace access = knowledge::access;

constexpr std::uint32_t kPropertyBits = access::kReadProperty | access::kWriteProperty;
constexpr std::uint32_t kExtendedBits = access::kControlAccess | access::kValidatedWrite;
constexpr std::uint32_t kChildBits = access::kCreateChild | access::kDeleteChild;

/// The bits of a mask as an entry on a directory object means them, lowest first.
std::vector<std::uint32_t> bits_of(std::uint32_t mask) {
  std::vector<std::uint32_t> bits;
  for (std::uint32_t rest = access::map_generic(mask) & access::kFullControl; rest != 0; rest &= rest - 1)
    bits.push_back(rest & (~rest + 1));
  return bits;
}

Request whole(std::uint32_t bit) {
  if ((bit & kPropertyBits) != 0) return {Request::Kind::Property, bit, {}};
  if ((bit & (kExtendedBits | kChildBits)) != 0) return {Request::Kind::Extended, bit, {}};
  return {Request::Kind::Bits, bit, {}};
}

// What an entry with an object type says of a right, whether or not it means anything on the object.
Request as_written(std::uint32_t bit, const Guid& type) {
  Request request = whole(bit);
  if (request.kind != Request::Kind::Bits) request.object_type = type;
  return request;
}

class Search {
 public:
  Search(const AccessQuestion& question, const Schema& schema, const ObjectTypes& types,
         const graph::GraphBuilder& nodes)
      : question_(question), schema_(schema), types_(types), nodes_(nodes) {}

  std::vector<LookAlike> run() {
    if (!question_.descriptor.dacl) return {};  // everything is granted
    const auto& aces = question_.descriptor.dacl->aces;
    for (std::size_t i = 0; i < aces.size(); ++i) {
      if (aces[i].is_allow()) look_at(static_cast<std::uint16_t>(i), aces[i]);
    }
    look_at_ownership();
    look_at_confidential_attributes();
    std::stable_sort(found_.begin(), found_.end(),
                     [](const LookAlike& a, const LookAlike& b) { return a.place < b.place; });
    return std::move(found_);
  }

 private:
  /// Whom an entry is for, as far as this principal goes.
  struct Standing {
    bool concerns = true;
    std::optional<WhyNot> reason = {};
  };

  Standing standing(const Ace& ace) const {
    static const Sid kSelf = *Sid::parse(knowledge::sids::kSelf);
    static const Sid kOwnerRights = *Sid::parse(knowledge::sids::kOwnerRights);
    if (is_creator(ace)) return {.reason = WhyNot::CreatorOwner};
    if (ace.trustee == kOwnerRights && !question_.owns) return {.reason = WhyNot::NotOwner};
    if (ace.trustee == kSelf && !in_token(question_.object)) return {.reason = WhyNot::NotSelf};
    if (ace.trustee != kOwnerRights && ace.trustee != kSelf) {
      const Trustee trustee = question_.node_of(ace.trustee);
      if (question_.not_in_token.contains(trustee)) return {.reason = WhyNot::DistributionGroup};
      if (!in_token(trustee)) return {.concerns = false};
      if (!question_.counts(trustee)) return {.reason = WhyNot::GroupElsewhere};
    }
    if (ace.is_inherit_only()) return {.reason = WhyNot::InheritOnly};
    return {};
  }

  static bool is_creator(const Ace& ace) {
    static const Sid kCreatorOwner = *Sid::parse(knowledge::sids::kCreatorOwner);
    static const Sid kCreatorGroup = *Sid::parse(knowledge::sids::kCreatorGroup);
    return ace.trustee == kCreatorOwner || ace.trustee == kCreatorGroup;
  }

  void look_at(std::uint16_t place, const Ace& ace) {
    const Standing entry = standing(ace);
    if (!entry.concerns) return;
    for (const std::uint32_t bit : bits_of(ace.mask)) {
      const std::optional<Request> typed = ace.object_type ? meant(bit, *ace.object_type) : whole(bit);
      if (entry.reason) {
        const Request claimed = typed ? *typed : as_written(bit, *ace.object_type);
        if (!granted(claimed) && !granted(whole(bit))) add(place, *entry.reason, claimed);
      } else if (granted(whole(bit))) {
        if (!ace.object_type) look_at_parts(place, bit);
      } else if (!typed) {
        const bool part =
            question_.tree->find(*ace.object_type).value_or(ObjectTypeTree::kRoot) != ObjectTypeTree::kRoot;
        add(place, part ? WhyNot::PartOfObject : WhyNot::OtherType, whole(bit));
      } else if (!granted(*typed)) {
        add(place, WhyNot::DeniedEarlier, *typed);
      } else if ((bit & kPropertyBits) != 0) {
        add(place, WhyNot::PartOfObject, whole(bit));
      }
    }
  }

  // What a right is narrowed to by an object type; absent when the right does not go by it on this object.
  std::optional<Request> meant(std::uint32_t bit, const Guid& type) const {
    const auto node = question_.tree->find(type);
    if ((bit & kExtendedBits) != 0) {
      if (!types_.is_extended_right(type, bit)) return std::nullopt;
      return Request{Request::Kind::Extended, bit, type};
    }
    if ((bit & kChildBits) != 0) {
      if (schema_.class_name(type).empty()) return std::nullopt;
      return Request{Request::Kind::Extended, bit, type};
    }
    if (node == ObjectTypeTree::kRoot) return whole(bit);
    if (node && (bit & kPropertyBits) != 0) return Request{Request::Kind::Property, bit, type};
    return std::nullopt;
  }

  // A right over all types, which is granted, may have been denied for some before. Attributes need no look:
  // when one of them is denied, so is the whole.
  void look_at_parts(std::uint16_t place, std::uint32_t bit) {
    if ((bit & (kExtendedBits | kChildBits)) == 0) return;
    std::set<Guid> seen;
    for (const CompiledAce& denial : question_.dacl.aces) {
      if (denial.allow || (denial.mask & bit) == 0 || !denial.object_type) continue;
      const std::optional<Request> part = meant(bit, *denial.object_type);
      if (part && seen.insert(*denial.object_type).second && !granted(*part))
        add(place, WhyNot::DeniedEarlier, *part);
    }
  }

  // [MS-DTYP] 2.5.3.2: the owner has READ_CONTROL and WRITE_DAC, unless there are entries for OWNER RIGHTS.
  void look_at_ownership() {
    if (!question_.owns || !question_.owner_rights) return;
    const std::uint16_t place = question_.dacl.owner_rights.front().place;
    for (const std::uint32_t bit : {access::kReadControl, access::kWriteDacl}) {
      if (!granted(whole(bit))) add(place, WhyNot::OwnerRights, whole(bit));
    }
  }

  void look_at_confidential_attributes() {
    const ObjectTypeTree& tree = *question_.tree;
    for (std::size_t i = 1; i < tree.size(); ++i) {
      const Guid& attribute = tree.guid(static_cast<ObjectTypeTree::NodeIndex>(i));
      if (!schema_.is_confidential(attribute)) continue;
      const Request read{Request::Kind::Property, access::kReadProperty, attribute};
      const Request control{Request::Kind::Property, access::kControlAccess, attribute};
      const Decision readable = decide(read);
      const Decision controlled = decide(control);
      if (readable.granted == controlled.granted) continue;
      for (const std::uint16_t place : (readable.granted ? readable : controlled).aces)
        add(place, WhyNot::Confidential, readable.granted ? control : read);
    }
  }

  // Rights that one entry lacks for the same reason are told together.
  void add(std::uint16_t place, WhyNot reason, const Request& request) {
    std::optional<std::uint16_t> denied_by;
    if (reason == WhyNot::DeniedEarlier)
      denied_by = denial_of(question_.dacl, *question_.tree, request, question_.token);
    std::string text = sentence(place, reason, request, denied_by);
    auto entry = std::find_if(found_.begin(), found_.end(), [&](const LookAlike& other) {
      return other.place == place && other.reason == reason && other.text == text;
    });
    if (entry == found_.end()) {
      found_.push_back({place, reason, {}, denied_by, std::move(text)});
      entry = std::prev(found_.end());
    }
    SeemingRight right{request.mask, request.object_type, {}};
    if (right.object_type) right.object_type_name = types_.name_of(*right.object_type);
    entry->rights.push_back(std::move(right));
  }

  std::string sentence(std::uint16_t place, WhyNot reason, const Request& request,
                       std::optional<std::uint16_t> denied_by) const {
    const Ace& ace = question_.descriptor.dacl->aces[place];
    switch (reason) {
      case WhyNot::CreatorOwner:
        return "CREATOR OWNER and CREATOR GROUP stand for owner and group of an object made below, and name "
               "nobody here.";
      case WhyNot::NotOwner:
        return "The entry is for whoever owns the object, and " + principal() + " does not.";
      case WhyNot::NotSelf:
        return "SELF is the object itself, or the members of a group, and " + principal() + " is neither.";
      case WhyNot::DistributionGroup:
        return distribution_group(question_.node_of(ace.trustee));
      case WhyNot::GroupElsewhere:
        return name_of(question_.node_of(ace.trustee)) +
               " is local to its own domain, and in no token on the domain controllers of this object.";
      case WhyNot::InheritOnly:
        return "The entry is only handed down" +
               (ace.inherited_object_type ? ", to " + types_.describe(*ace.inherited_object_type) : "") +
               ", and counts for nothing on this object.";
      case WhyNot::OtherType:
        return other_type(*ace.object_type);
      case WhyNot::PartOfObject:
        return "The entry is for " + types_.describe(*ace.object_type) +
               " alone, not for the object as a whole.";
      case WhyNot::DeniedEarlier:
        return denied_by ? denied(*denied_by) : std::string();
      case WhyNot::OwnerRights:
        return "Entries for OWNER RIGHTS replace what " + principal() + " would have by being the owner.";
      case WhyNot::Confidential: {
        const bool readable = request.mask == access::kControlAccess;
        return std::string(
                   "Reading a confidential attribute takes READ_PROPERTY and CONTROL_ACCESS, and only ") +
               (readable ? "the former" : "the latter") + " is granted.";
      }
    }
    return {};
  }

  std::string distribution_group(Trustee trustee) const {
    const Trustee reason = question_.not_in_token.at(trustee);
    const std::string group = name_of(reason) + " is a distribution group, which is in no token";
    if (reason == trustee) return group + ".";
    return group + ", and only by way of it is " + principal() + " in " + name_of(trustee) + ".";
  }

  std::string other_type(const Guid& type) const {
    const std::string named = "The entry is for " + types_.describe(type);
    // [MS-ADTS] 5.1.3.3.4: these rights go by their own GUID or by none.
    if (question_.tree->find(type) == ObjectTypeTree::kRoot)
      return named + ", and no control access right or validated write goes by a class.";
    if (types_.is_extended_right(type, access::kControlAccess) ||
        types_.is_extended_right(type, access::kValidatedWrite))
      return named + ", and the other rights do not go by it.";
    if (types_.name_of(type).empty()) return named + ", which nothing has in the schema that was read.";
    const Guid& own = question_.tree->guid(ObjectTypeTree::kRoot);
    if (schema_.class_name(own).empty())
      return named + ", and the object is of a class that the schema that was read does not have.";
    if (!schema_.class_name(type).empty())
      return named + ", and the object is of " + types_.describe(own) + ".";
    return named + ", which objects of " + types_.describe(own) + " do not have.";
  }

  std::string denied(std::uint16_t place) const {
    const Trustee trustee =
        std::find_if(question_.dacl.aces.begin(), question_.dacl.aces.end(), [&](const CompiledAce& ace) {
          return ace.place == place;
        })->trustee;
    std::string text = "Entry " + std::to_string(place + 1) +
                       " denies it before: " + directory::to_sddl(question_.descriptor.dacl->aces[place]);
    const auto& for_owner = question_.dacl.owner_rights;
    const bool is_for_owner = std::any_of(for_owner.begin(), for_owner.end(),
                                          [&](const auto& entry) { return entry.place == place; });
    if (is_for_owner) {
      text += ", which is for the owner";
    } else if (trustee != question_.principal) {
      text += ", which is for " + name_of(trustee) + " in the token of " + principal();
    }
    return text + ".";
  }

  std::string name_of(graph::NodeId node) const { return std::string(nodes_.nodes().name(node)); }
  std::string principal() const { return name_of(question_.principal); }
  Decision decide(const Request& request) const {
    return access_check(question_.dacl, *question_.tree, request, question_.token);
  }
  bool granted(const Request& request) const {
    const bool implied = question_.owns && !question_.owner_rights && !question_.is_blocked &&
                         request.kind == Request::Kind::Bits &&
                         (request.mask == access::kReadControl || request.mask == access::kWriteDacl);
    return implied || decide(request).granted;
  }
  bool in_token(Trustee trustee) const {
    return std::binary_search(question_.token.begin(), question_.token.end(), trustee);
  }

  const AccessQuestion& question_;
  const Schema& schema_;
  const ObjectTypes& types_;
  const graph::GraphBuilder& nodes_;
  std::vector<LookAlike> found_;
};

}  // namespace

std::string_view name_of(WhyNot reason) {
  switch (reason) {
    case WhyNot::CreatorOwner:
      return "creator_owner";
    case WhyNot::NotOwner:
      return "not_owner";
    case WhyNot::NotSelf:
      return "not_self";
    case WhyNot::DistributionGroup:
      return "distribution_group";
    case WhyNot::GroupElsewhere:
      return "group_elsewhere";
    case WhyNot::InheritOnly:
      return "inherit_only";
    case WhyNot::OtherType:
      return "other_type";
    case WhyNot::PartOfObject:
      return "part_of_object";
    case WhyNot::DeniedEarlier:
      return "denied_earlier";
    case WhyNot::OwnerRights:
      return "owner_rights";
    case WhyNot::Confidential:
      return "confidential";
  }
  return {};
}

bool names_principal(WhyNot reason) {
  return reason != WhyNot::CreatorOwner && reason != WhyNot::NotOwner && reason != WhyNot::NotSelf;
}

std::optional<std::uint16_t> denial_of(const CompiledDacl& dacl, const ObjectTypeTree& tree,
                                       const Request& request, const std::vector<Trustee>& token) {
  const CompiledAce everything{.mask = access::kFullControl, .trustee = token.front(), .allow = true};
  CompiledDacl so_far;
  for (const CompiledAce& ace : dacl.aces) {
    so_far.aces.push_back(ace);
    if (ace.allow) continue;
    so_far.aces.push_back(everything);
    if (!access_check(so_far, tree, request, token).granted) return ace.place;
    so_far.aces.pop_back();
  }
  return std::nullopt;
}

std::vector<LookAlike> look_alikes(const AccessQuestion& question, const Schema& schema,
                                   const ObjectTypes& types, const graph::GraphBuilder& nodes) {
  return Search(question, schema, types, nodes).run();
}

}  // namespace tierline::derive
