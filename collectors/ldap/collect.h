#pragma once

// Reads a live directory: the domain, configuration and schema naming contexts of one domain controller.

#include "collectors/ldap/options.h"
#include "core/base/result.h"
#include "core/snapshot/builder.h"

namespace tierline::collectors::ldap {

/// Hands every object of the three naming contexts to `builder`, with the attributes of
/// knowledge/collected_attributes.h and its security descriptor. What the server withheld is in the
/// coverage; a failure that retries did not cure is an Error, and then nothing should be written.
/// Errors: those of Connection::open and search.
Status collect(const Options& options, snapshot::Builder& builder, snapshot::Provenance& provenance,
               const Progress& progress);

}  // namespace tierline::collectors::ldap
