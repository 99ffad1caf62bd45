#pragma once

// Self-relative security descriptors, [MS-DTYP] 2.4.6, and the access control entries in them, 2.4.4.
// Parsing copies nothing but the list of entries; all byte spans point into the input.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/directory/guid.h"
#include "core/directory/sid.h"

namespace tierline::directory {

/// [MS-DTYP] 2.4.4.1. Types that are not listed are kept as raw bytes and decide nothing.
enum class AceType : std::uint8_t {
  Allow = 0x00,
  Deny = 0x01,
  Audit = 0x02,
  Alarm = 0x03,
  AllowCompound = 0x04,
  AllowObject = 0x05,
  DenyObject = 0x06,
  AuditObject = 0x07,
  AlarmObject = 0x08,
  AllowCallback = 0x09,
  DenyCallback = 0x0A,
  AllowCallbackObject = 0x0B,
  DenyCallbackObject = 0x0C,
  AuditCallback = 0x0D,
  AlarmCallback = 0x0E,
  AuditCallbackObject = 0x0F,
  AlarmCallbackObject = 0x10,
  MandatoryLabel = 0x11,
  ResourceAttribute = 0x12,
  ScopedPolicy = 0x13,
  ProcessTrustLabel = 0x14,  // this and the next: the Windows SDK's winnt.h
  AccessFilter = 0x15,
};

/// What follows the header of an entry, [MS-DTYP] 2.4.4.
enum class AceShape {
  Raw,     ///< not known; kept as bytes
  Plain,   ///< mask, SID, application data
  Object,  ///< mask, object types, SID, application data
};
AceShape shape_of(AceType type) noexcept;

/// ACE flags, [MS-DTYP] 2.4.4.1; kCritical is winnt.h's.
namespace ace_flag {
inline constexpr std::uint8_t kObjectInherit = 0x01;
inline constexpr std::uint8_t kContainerInherit = 0x02;
inline constexpr std::uint8_t kNoPropagate = 0x04;
inline constexpr std::uint8_t kInheritOnly = 0x08;
inline constexpr std::uint8_t kInherited = 0x10;
inline constexpr std::uint8_t kCritical = 0x20;
inline constexpr std::uint8_t kSuccessfulAccess = 0x40;
inline constexpr std::uint8_t kFailedAccess = 0x80;
}  // namespace ace_flag

/// Security descriptor control bits, [MS-DTYP] 2.4.6.
namespace sd_control {
inline constexpr std::uint16_t kDaclPresent = 0x0004;
inline constexpr std::uint16_t kSaclPresent = 0x0010;
inline constexpr std::uint16_t kDaclInheritRequired = 0x0100;
inline constexpr std::uint16_t kSaclInheritRequired = 0x0200;
inline constexpr std::uint16_t kDaclAutoInherited = 0x0400;
inline constexpr std::uint16_t kSaclAutoInherited = 0x0800;
inline constexpr std::uint16_t kDaclProtected = 0x1000;
inline constexpr std::uint16_t kSaclProtected = 0x2000;
inline constexpr std::uint16_t kSelfRelative = 0x8000;
}  // namespace sd_control

/// One entry of an ACL.
struct Ace {
  AceType type = AceType::Allow;
  std::uint8_t flags = 0;
  std::uint32_t mask = 0;                     ///< as stored; generic bits are not mapped
  std::optional<Guid> object_type;            ///< absent also when present and zero
  std::optional<Guid> inherited_object_type;  ///< likewise
  Sid trustee;                                ///< means nothing, as the mask, in an entry that is kept raw
  ByteSpan
      condition;  ///< what follows the SID: the condition of a callback entry, the claim of a resource attribute
  ByteSpan raw;  ///< the whole entry, header included

  /// Of a kind that is not known, of which only `type`, `flags` and `raw` say anything.
  bool is_raw() const noexcept { return shape_of(type) == AceShape::Raw; }
  bool is_inherited() const noexcept { return (flags & ace_flag::kInherited) != 0; }
  bool is_inherit_only() const noexcept { return (flags & ace_flag::kInheritOnly) != 0; }
  /// Allow entries of any form, conditional ones included.
  bool is_allow() const noexcept;
  /// Deny entries of any form, conditional ones included.
  bool is_deny() const noexcept;
  /// Entries whose effect hangs on a condition over claims, [MS-DTYP] 2.4.4.17.
  bool is_conditional() const noexcept;
};

struct Acl {
  std::uint8_t revision = 0;
  std::vector<Ace> aces;
};

struct SecurityDescriptor {
  std::uint16_t control = 0;
  std::uint8_t resource_manager_control = 0;  ///< Sbz1, meaningful with control bit 0x4000
  std::optional<Sid> owner;
  std::optional<Sid> group;
  /// Absent = everything is granted to everyone; present and empty = nothing is ([MS-DTYP] 2.5.3).
  std::optional<Acl> dacl;
  std::optional<Acl> sacl;

  bool is_dacl_protected() const noexcept { return (control & sd_control::kDaclProtected) != 0; }

  /// Errors: BadData with the offset of the field that does not fit. An entry of an unknown type is kept
  /// raw; an entry that runs over its list, or a SID that runs over its entry, is an error, as nothing
  /// after it can be trusted. So is an offset into the header.
  static Result<SecurityDescriptor> parse(ByteSpan bytes);
};

/// The parts of a descriptor as bytes, each empty when it is absent.
struct DescriptorParts {
  std::uint16_t control = 0;
  std::string_view owner = {};
  std::string_view group = {};
  std::string_view sacl = {};
  std::string_view dacl = {};
  std::uint8_t resource_manager_control = 0;
};

/// The self-relative form as Windows lays it out: header, SACL, DACL, owner, group.
std::string lay_out(const DescriptorParts& parts);

/// An access control list of the entries' `raw` bytes. REQUIRES: they are no longer in all than those of a list that was read.
std::string to_bytes(const Acl& acl);

/// The self-relative form of a descriptor that was read and changed since.
std::string to_bytes(const SecurityDescriptor& descriptor);

}  // namespace tierline::directory
