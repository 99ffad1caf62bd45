#pragma once

// Bits of an access mask on a directory object, [MS-ADTS] 5.1.3.2, with the letters of SDDL beside them.

#include <cstdint>

namespace tierline::knowledge::access {

inline constexpr std::uint32_t kCreateChild = 0x00000001;     // CC
inline constexpr std::uint32_t kDeleteChild = 0x00000002;     // DC
inline constexpr std::uint32_t kListContents = 0x00000004;    // LC
inline constexpr std::uint32_t kValidatedWrite = 0x00000008;  // SW
inline constexpr std::uint32_t kReadProperty = 0x00000010;    // RP
inline constexpr std::uint32_t kWriteProperty = 0x00000020;   // WP
inline constexpr std::uint32_t kDeleteTree = 0x00000040;      // DT
inline constexpr std::uint32_t kListObject = 0x00000080;      // LO
inline constexpr std::uint32_t kControlAccess = 0x00000100;   // CR
inline constexpr std::uint32_t kDelete = 0x00010000;          // SD
inline constexpr std::uint32_t kReadControl = 0x00020000;     // RC
inline constexpr std::uint32_t kWriteDacl = 0x00040000;       // WD
inline constexpr std::uint32_t kWriteOwner = 0x00080000;      // WO
inline constexpr std::uint32_t kFullControl = 0x000F01FF;
inline constexpr std::uint32_t kGenericAll = 0x10000000;      // GA
inline constexpr std::uint32_t kGenericExecute = 0x20000000;  // GX
inline constexpr std::uint32_t kGenericWrite = 0x40000000;    // GW
inline constexpr std::uint32_t kGenericRead = 0x80000000;     // GR

/// The mask with its generic bits replaced by what they stand for on a directory object, [MS-ADTS] 6.1.3.
constexpr std::uint32_t map_generic(std::uint32_t mask) {
  if ((mask & kGenericAll) != 0) mask |= kFullControl;
  if ((mask & kGenericRead) != 0) mask |= kReadControl | kListContents | kReadProperty | kListObject;
  if ((mask & kGenericWrite) != 0) mask |= kReadControl | kValidatedWrite | kWriteProperty;
  if ((mask & kGenericExecute) != 0) mask |= kReadControl | kListContents;
  return mask & ~(kGenericAll | kGenericRead | kGenericWrite | kGenericExecute);
}

}  // namespace tierline::knowledge::access
