#include "viewer/export/ace_json.h"

#include "core/directory/sddl.h"

namespace tierline::viewer {
namespace {

using directory::Ace;
using directory::Acl;
using directory::Guid;
using directory::SddlContext;
using directory::Sid;

void write_guid(JsonWriter& json, const std::optional<Guid>& guid) {
  if (guid) {
    json.text(guid->to_string());
  } else {
    json.null();
  }
}

void write_sid(JsonWriter& json, const std::optional<Sid>& sid) {
  if (sid) {
    json.text(sid->to_string());
  } else {
    json.null();
  }
}

void write_acl(JsonWriter& json, const std::optional<Acl>& acl, const SddlContext& context) {
  if (!acl) {
    json.null();
    return;
  }
  json.begin_array();
  for (const Ace& ace : acl->aces) write_ace(json, ace, context);
  json.end_array();
}

}  // namespace

void write_ace(JsonWriter& json, const Ace& ace, const SddlContext& context) {
  json.begin_object();
  json.key("type").text(directory::ace_type_name(ace.type));
  json.key("flags").begin_array();
  for (const std::string_view flag : directory::ace_flag_names(ace.type, ace.flags)) json.text(flag);
  json.end_array();
  json.key("mask");
  if (ace.is_raw()) {
    json.null();
  } else {
    json.number(ace.mask);
  }
  json.key("rights").begin_array();
  for (const std::string& right : directory::right_names(ace.type, ace.mask)) json.text(right);
  json.end_array();
  json.key("object_type");
  write_guid(json, ace.object_type);
  json.key("inherited_object_type");
  write_guid(json, ace.inherited_object_type);
  json.key("trustee");
  write_sid(json, ace.is_raw() ? std::nullopt : std::optional(ace.trustee));
  json.key("condition");
  const std::string condition = directory::condition_text(ace, context);
  if (condition.empty()) {
    json.null();
  } else {
    json.text(condition);
  }
  json.key("sddl").text(directory::to_sddl(ace, context));
  json.end_object();
}

void write_descriptor(JsonWriter& json, const directory::SecurityDescriptor& descriptor,
                      const SddlContext& context) {
  json.begin_object();
  json.key("owner");
  write_sid(json, descriptor.owner);
  json.key("group");
  write_sid(json, descriptor.group);
  json.key("control").number(std::uint32_t{descriptor.control});
  json.key("sddl").text(directory::to_sddl(descriptor, context));
  json.key("dacl");
  write_acl(json, descriptor.dacl, context);
  json.key("sacl");
  write_acl(json, descriptor.sacl, context);
  json.end_object();
}

}  // namespace tierline::viewer
