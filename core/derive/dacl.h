#pragma once

// Makes the DACL of a stored descriptor ready for access_check.

#include <functional>

#include "core/derive/access_check.h"
#include "core/directory/security_descriptor.h"

namespace tierline::derive {

/// Stands in a compiled DACL for OWNER RIGHTS (S-1-3-4), which means whoever owns the object.
inline constexpr Trustee kOwnerRightsTrustee = 0xFFFFFFFE;

/// Numbers a SID; absent for one that is in no token, whose entries are left out.
using TrusteeOf = std::function<std::optional<Trustee>(const directory::Sid&)>;

/// `self` is the trustee that SELF (S-1-5-10) means, when it means one; otherwise its entries are left
/// out, as are those of placeholders that name nobody (CREATOR OWNER, CREATOR GROUP).
CompiledDacl compile(const directory::SecurityDescriptor& descriptor, const TrusteeOf& trustee_of,
                     std::optional<Trustee> self);

}  // namespace tierline::derive
