#include "viewer/export/look_alikes.h"

#include <fmt/format.h>

#include "core/base/text.h"

namespace tierline::viewer {

using derive::LookAlike;
using derive::SeemingRight;

void write_look_alike(JsonWriter& json, const StoredDacl& dacl, const LookAlike& look_alike) {
  json.begin_object();
  write_entry_fields(json, dacl.entry(look_alike.place));
  json.key("rights").begin_array();
  for (const SeemingRight& right : look_alike.rights) {
    json.begin_object();
    json.key("right").text(derive::right_name(right.bit));
    json.key("object_type");
    if (right.object_type) {
      json.text(right.object_type->to_string());
    } else {
      json.null();
    }
    json.key("name").text(right.object_type_name);
    json.end_object();
  }
  json.end_array();
  json.key("reason").text(derive::name_of(look_alike.reason));
  json.key("text").text(look_alike.text);
  json.key("denied_by");
  if (look_alike.denied_by) {
    json.begin_object();
    write_entry_fields(json, dacl.entry(*look_alike.denied_by));
    json.end_object();
  } else {
    json.null();
  }
  json.end_object();
}

std::string look_alike_text(const StoredDacl& dacl, const LookAlike& look_alike) {
  std::string rights;
  std::uint32_t before = 0;
  for (const SeemingRight& right : look_alike.rights) {
    if (!rights.empty()) rights += ", ";
    if (right.bit != before) rights += derive::right_name(right.bit);
    if (right.object_type) {
      if (right.bit != before) rights += " ";
      rights += right.object_type_name.empty() ? right.object_type->to_string() : right.object_type_name;
    }
    before = right.bit;
  }
  return fmt::format("  {}\n      {}\n      {}\n", visible(rights),
                     visible(entry_text(dacl.entry(look_alike.place))), visible(look_alike.text));
}

}  // namespace tierline::viewer
