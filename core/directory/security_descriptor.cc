#include "core/directory/security_descriptor.h"

#include <algorithm>
#include <string>

namespace tierline::directory {
namespace {

constexpr std::size_t kOwnerField = 4;  // where in the header the offsets stand
constexpr std::size_t kGroupField = 8;
constexpr std::size_t kSaclField = 12;
constexpr std::size_t kDaclField = 16;
constexpr std::size_t kHeaderSize = 20;
constexpr std::size_t kAclHeaderSize = 8;
constexpr std::size_t kAceHeaderSize = 4;
constexpr std::uint32_t kObjectTypePresent = 0x1;  // [MS-DTYP] 2.4.4.3
constexpr std::uint32_t kInheritedObjectTypePresent = 0x2;

Error malformed(std::string message, std::size_t offset) {
  return {ErrorCode::BadData, "security descriptor: " + std::move(message), {}, offset};
}

// A GUID field that is announced and zero means the same as one that is not there.
std::optional<Guid> guid_field(ByteReader& reader) {
  const ByteSpan raw = reader.take(16);
  const std::optional<Guid> guid = Guid::from_bytes(raw);
  if (!guid || guid->is_zero()) return std::nullopt;
  return guid;
}

Result<Ace> parse_ace(ByteSpan raw, std::size_t offset) {
  Ace ace;
  ace.raw = raw;
  ByteReader reader(raw);
  ace.type = AceType{reader.u8()};
  ace.flags = reader.u8();
  reader.u16();  // the size, which the caller has looked at
  const AceShape shape = shape_of(ace.type);
  if (shape == AceShape::Raw) return ace;
  ace.mask = reader.u32();
  if (shape == AceShape::Object) {
    const std::uint32_t present = reader.u32();
    if ((present & kObjectTypePresent) != 0) ace.object_type = guid_field(reader);
    if ((present & kInheritedObjectTypePresent) != 0) ace.inherited_object_type = guid_field(reader);
  }
  if (reader.failed()) return malformed("an entry is too short for its type", offset);
  const std::optional<Sid> trustee = Sid::from_bytes(raw.subspan(reader.offset()));
  if (!trustee) return malformed("an entry's SID does not fit the entry", offset + reader.offset());
  ace.trustee = *trustee;
  ace.condition = raw.subspan(reader.offset() + trustee->size());
  return ace;
}

// `field` is where in the header the list's offset stands.
Result<Acl> parse_acl(ByteSpan bytes, std::size_t offset, std::size_t field) {
  ByteReader header(bytes, offset);
  Acl acl;
  acl.revision = header.u8();
  header.u8();
  const std::size_t size = header.u16();
  const std::size_t count = header.u16();
  header.u16();
  if (offset < kHeaderSize || header.failed()) {
    return malformed("an access control list begins outside the descriptor's body", field);
  }
  if (acl.revision < 2 || acl.revision > 4) return malformed("unknown ACL revision", offset);
  if (size < kAclHeaderSize || size > bytes.size() - offset) {
    return malformed("an access control list runs over the end", offset);
  }
  const std::size_t end = offset + size;
  acl.aces.reserve(std::min(count, size / kAceHeaderSize));
  std::size_t at = offset + kAclHeaderSize;
  for (std::size_t i = 0; i < count; ++i) {
    ByteReader entry(bytes.first(end), at);
    entry.u16();
    const std::size_t entry_size = entry.u16();
    if (entry.failed() || entry_size < kAceHeaderSize || entry_size > end - at) {
      return malformed("an entry runs over the end of its list", at);
    }
    Result<Ace> ace = parse_ace(bytes.subspan(at, entry_size), at);
    if (!ace) return std::move(ace).error();
    acl.aces.push_back(*ace);
    at += entry_size;
  }
  return acl;
}

Result<std::optional<Sid>> parse_sid(ByteSpan bytes, std::size_t offset, std::size_t field) {
  if (offset == 0) return std::optional<Sid>();
  if (offset < kHeaderSize || offset > bytes.size()) {
    return malformed("a SID begins outside the descriptor's body", field);
  }
  const std::optional<Sid> sid = Sid::from_bytes(bytes.subspan(offset));
  if (!sid) return malformed("a SID is malformed or runs over the end", offset);
  return sid;
}

}  // namespace

AceShape shape_of(AceType type) noexcept {
  switch (type) {
    case AceType::Allow:
    case AceType::Deny:
    case AceType::Audit:
    case AceType::Alarm:
    case AceType::AllowCallback:
    case AceType::DenyCallback:
    case AceType::AuditCallback:
    case AceType::AlarmCallback:
    case AceType::MandatoryLabel:
    case AceType::ResourceAttribute:
    case AceType::ScopedPolicy:
    case AceType::ProcessTrustLabel:
    case AceType::AccessFilter:
      return AceShape::Plain;
    case AceType::AllowObject:
    case AceType::DenyObject:
    case AceType::AuditObject:
    case AceType::AlarmObject:
    case AceType::AllowCallbackObject:
    case AceType::DenyCallbackObject:
    case AceType::AuditCallbackObject:
    case AceType::AlarmCallbackObject:
      return AceShape::Object;
    case AceType::AllowCompound:
      return AceShape::Raw;
  }
  return AceShape::Raw;
}

bool Ace::is_allow() const noexcept {
  return type == AceType::Allow || type == AceType::AllowObject || type == AceType::AllowCallback ||
         type == AceType::AllowCallbackObject;
}

bool Ace::is_deny() const noexcept {
  return type == AceType::Deny || type == AceType::DenyObject || type == AceType::DenyCallback ||
         type == AceType::DenyCallbackObject;
}

bool Ace::is_conditional() const noexcept {
  return type == AceType::AllowCallback || type == AceType::AllowCallbackObject ||
         type == AceType::DenyCallback || type == AceType::DenyCallbackObject;
}

Result<SecurityDescriptor> SecurityDescriptor::parse(ByteSpan bytes) {
  ByteReader reader(bytes);
  SecurityDescriptor sd;
  const std::uint8_t revision = reader.u8();
  sd.resource_manager_control = reader.u8();
  sd.control = reader.u16();
  const std::size_t owner = reader.u32();
  const std::size_t group = reader.u32();
  const std::size_t sacl = reader.u32();
  const std::size_t dacl = reader.u32();
  if (reader.failed()) return malformed("shorter than its 20-byte header", bytes.size());
  if (revision != 1) return malformed("unknown revision " + std::to_string(revision), 0);
  if ((sd.control & sd_control::kSelfRelative) == 0) return malformed("not in self-relative form", 2);

  Result<std::optional<Sid>> owner_sid = parse_sid(bytes, owner, kOwnerField);
  if (!owner_sid) return std::move(owner_sid).error();
  sd.owner = *owner_sid;
  Result<std::optional<Sid>> group_sid = parse_sid(bytes, group, kGroupField);
  if (!group_sid) return std::move(group_sid).error();
  sd.group = *group_sid;
  if ((sd.control & sd_control::kDaclPresent) != 0 && dacl != 0) {
    Result<Acl> acl = parse_acl(bytes, dacl, kDaclField);
    if (!acl) return std::move(acl).error();
    sd.dacl = std::move(*acl);
  }
  if ((sd.control & sd_control::kSaclPresent) != 0 && sacl != 0) {
    Result<Acl> acl = parse_acl(bytes, sacl, kSaclField);
    if (!acl) return std::move(acl).error();
    sd.sacl = std::move(*acl);
  }
  return sd;
}

std::string lay_out(const DescriptorParts& parts) {
  std::string body;
  const auto place = [&](std::string_view part) {
    const auto offset = part.empty() ? 0u : static_cast<std::uint32_t>(kHeaderSize + body.size());
    body += part;
    return offset;
  };
  const std::uint32_t sacl = place(parts.sacl);
  const std::uint32_t dacl = place(parts.dacl);
  const std::uint32_t owner = place(parts.owner);
  const std::uint32_t group = place(parts.group);
  std::string bytes;
  append(bytes, std::uint8_t{1});
  append(bytes, parts.resource_manager_control);
  append(bytes, static_cast<std::uint16_t>(parts.control | sd_control::kSelfRelative));
  append(bytes, owner);
  append(bytes, group);
  append(bytes, sacl);
  append(bytes, dacl);
  return bytes + body;
}

std::string to_bytes(const Acl& acl) {
  std::string entries;
  for (const Ace& ace : acl.aces) entries += as_text(ace.raw);
  std::string bytes;
  append(bytes, acl.revision);
  append(bytes, std::uint8_t{0});
  append(bytes, static_cast<std::uint16_t>(entries.size() + kAclHeaderSize));
  append(bytes, static_cast<std::uint16_t>(acl.aces.size()));
  append(bytes, std::uint16_t{0});
  return bytes + entries;
}

std::string to_bytes(const SecurityDescriptor& descriptor) {
  const std::string owner = descriptor.owner ? descriptor.owner->to_bytes() : "";
  const std::string group = descriptor.group ? descriptor.group->to_bytes() : "";
  const std::string sacl = descriptor.sacl ? to_bytes(*descriptor.sacl) : "";
  const std::string dacl = descriptor.dacl ? to_bytes(*descriptor.dacl) : "";
  return lay_out({.control = descriptor.control,
                  .owner = owner,
                  .group = group,
                  .sacl = sacl,
                  .dacl = dacl,
                  .resource_manager_control = descriptor.resource_manager_control});
}

}  // namespace tierline::directory
