#pragma once

// GUIDs that rules name: control access rights ([MS-ADTS] 5.1.3.2.1), validated writes (5.1.3.2.2) and
// property sets (3.1.1.2.3.3). These are the same in every forest. GUIDs of classes and attributes are
// read from the snapshot's schema instead. A constant is named as the right's object in the directory, whose
// common name has hyphens between the words; a test compares each with a real directory.

#include "core/directory/guid.h"

namespace tierline::knowledge::guids {

using directory::operator""_guid;

inline constexpr directory::Guid kUserForceChangePassword = "00299570-246d-11d0-a768-00aa006e0529"_guid;
inline constexpr directory::Guid kDSReplicationGetChanges = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"_guid;
inline constexpr directory::Guid kDSReplicationGetChangesAll = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"_guid;
inline constexpr directory::Guid kDSReplicationGetChangesInFilteredSet =
    "89e95b76-444d-4c62-991a-0facbeda640c"_guid;
inline constexpr directory::Guid kDSInstallReplica = "9923a32a-3607-11d2-b9be-0000f87a36b2"_guid;
inline constexpr directory::Guid kApplyGroupPolicy = "edacfd8f-ffb3-11d1-b41d-00a0c968f939"_guid;
inline constexpr directory::Guid kCertificateEnrollment = "0e10c968-78fb-11d2-90d4-00c04f79dc55"_guid;

inline constexpr directory::Guid kSelfMembership = "bf9679c0-0de6-11d0-a285-00aa003049e2"_guid;

inline constexpr directory::Guid kUserAccountRestrictions = "4c164200-20c0-11d0-a768-00aa006e0529"_guid;
inline constexpr directory::Guid kPublicInformation = "e48d0154-bcf8-11d1-8702-00c04fb96050"_guid;

}  // namespace tierline::knowledge::guids
