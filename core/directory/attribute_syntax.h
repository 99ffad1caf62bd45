#pragma once

// How the values of an attribute read. Values are kept as LDAP transmits them ([MS-ADTS] 3.1.1.2.2.2):
// numbers, booleans and times as text, SIDs, GUIDs and descriptors as their bytes.

#include <cstdint>

namespace tierline::directory {

/// The numbers are stored in snapshots: never change or reuse one.
enum class AttributeSyntax : std::uint8_t {
  Text = 0,  ///< UTF-8; also numbers ("-5"), booleans ("TRUE"), times ("20240131120000.0Z"), OIDs
  DistinguishedName = 1,   ///< a DN as UTF-8
  Binary = 2,              ///< bytes with no text form
  Sid = 3,                 ///< [MS-DTYP] 2.4.2.2
  Guid = 4,                ///< [MS-DTYP] 2.3.4.2
  SecurityDescriptor = 5,  ///< [MS-DTYP] 2.4.6
};

}  // namespace tierline::directory
