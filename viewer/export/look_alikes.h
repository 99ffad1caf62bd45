#pragma once

// Entries that seem to give a right and do not, as the contract writes them and as text.

#include <string>
#include <vector>

#include "core/derive/look_alikes.h"
#include "viewer/export/dacl_entry.h"
#include "viewer/export/json.h"

namespace tierline::viewer {

/// Adds {"index","ace","inherited","inherited_from","rights","reason","text","denied_by"} to an array.
void write_look_alike(JsonWriter& json, const StoredDacl& dacl, const derive::LookAlike& look_alike);

/// The rights, the entry and the reason, a line each, for a person at the terminal.
std::string look_alike_text(const StoredDacl& dacl, const derive::LookAlike& look_alike);

}  // namespace tierline::viewer
