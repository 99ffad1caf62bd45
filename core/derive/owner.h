#pragma once

// What being the owner of an object implies.

#include "core/derive/directory_model.h"
#include "core/derive/tokens.h"

namespace tierline::derive {

/// Whether the forest takes from this owner of this object what ownership implies (read control and write DACL):
/// BlockOwnerImplicitRights, [MS-ADTS] 6.1.1.2.4.1.2 and 6.1.3.4.
bool owner_is_blocked(Tokens& tokens, const DirectoryModel& directory, graph::NodeId owner,
                      snapshot::ObjectIndex object);

}  // namespace tierline::derive
