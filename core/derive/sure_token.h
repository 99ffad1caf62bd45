#pragma once

// What is in every token that holds a given principal, the groups of logon included.

#include <vector>

#include "core/derive/directory_model.h"
#include "core/derive/tokens.h"

namespace tierline::derive {

/// Ascending; `sid` is that of `principal`. Every token with a group or account of a domain in it also has
/// Everyone, and Authenticated Users unless it is a guest's, both as they are meant in `domain`.
std::vector<graph::NodeId> sure_token(Tokens& tokens, const DirectoryModel& directory,
                                      const directory::Sid& sid, graph::NodeId principal, DomainIndex domain);

}  // namespace tierline::derive
