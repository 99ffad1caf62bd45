#pragma once

// Security descriptors and their entries in the contract's JSON.

#include <optional>

#include "core/directory/sddl_names.h"
#include "core/directory/security_descriptor.h"
#include "viewer/export/json.h"

namespace tierline::viewer {

/// {"type", "flags", "mask", "rights", "object_type", "inherited_object_type", "trustee", "condition", "sddl"}.
/// Type, flags and rights in the letters of SDDL, one element for each bit. Mask and trustee are null in an
/// entry of a kind that nobody knows.
void write_ace(JsonWriter& json, const directory::Ace& ace, const directory::SddlContext& context = {});

/// {"owner", "group", "control", "sddl", "dacl", "sacl"}; null is what is absent.
void write_descriptor(JsonWriter& json, const directory::SecurityDescriptor& descriptor,
                      const directory::SddlContext& context = {});

}  // namespace tierline::viewer
