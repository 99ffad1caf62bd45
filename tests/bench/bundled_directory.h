#pragma once

#include "core/snapshot/snapshot.h"

namespace tierline::bench {

/// The bundled real directory, whose schema, domain and built-in principals generated ones have.
Result<snapshot::Snapshot> bundled_directory();

}  // namespace tierline::bench
