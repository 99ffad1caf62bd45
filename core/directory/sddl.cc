#include "core/directory/sddl.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/directory/conditional_expression.h"
#include "core/directory/resource_attribute.h"
#include "core/directory/sddl_literals.h"
#include "core/directory/sddl_reader.h"

namespace tierline::directory {
namespace {

constexpr std::string_view kNullAcl = "NO_ACCESS_CONTROL";
constexpr std::size_t kAclHeaderSize = 8;
constexpr std::size_t kAceHeaderSize = 4;
constexpr std::size_t kLargest =
    0xFFFF;  // sizes of lists and entries have 16 bits, [MS-DTYP] 2.4.4.1 and 2.4.5

struct ControlFlag {
  std::string_view letters;
  std::uint16_t dacl;
  std::uint16_t sacl;
};

constexpr ControlFlag kControlFlags[] = {
    {"P", sd_control::kDaclProtected, sd_control::kSaclProtected},
    {"AR", sd_control::kDaclInheritRequired, sd_control::kSaclInheritRequired},
    {"AI", sd_control::kDaclAutoInherited, sd_control::kSaclAutoInherited}};

// Kinds of entries with something after the SID. Elsewhere bytes there mean nothing.
bool has_application_data(AceType type) noexcept {
  switch (type) {
    case AceType::AllowCallback:
    case AceType::DenyCallback:
    case AceType::AllowCallbackObject:
    case AceType::DenyCallbackObject:
    case AceType::AuditCallback:
    case AceType::AlarmCallback:
    case AceType::AuditCallbackObject:
    case AceType::AlarmCallbackObject:
    case AceType::ResourceAttribute:
    case AceType::AccessFilter:
      return true;
    default:
      return false;
  }
}

void append_ace(std::string& out, const Ace& ace, const SddlContext& context) {
  out += '(';
  out += ace_type_name(ace.type);
  out += ';';
  for (const std::string_view flag : ace_flag_names(ace.type, ace.flags)) out += flag;
  out += ';';
  if (ace.is_raw()) {
    out += ";;;;" + octets_to_text(ace.raw.subspan(kAceHeaderSize)) + ')';
    return;
  }
  append_rights(out, ace.type, ace.mask);
  out += ';';
  if (ace.object_type) out += ace.object_type->to_string();
  out += ';';
  if (ace.inherited_object_type) out += ace.inherited_object_type->to_string();
  out += ';';
  append_sid(out, ace.trustee, context);
  if (has_application_data(ace.type) && !ace.condition.empty()) {
    out += ';';
    out += condition_text(ace, context);
  }
  out += ')';
}

void append_acl(std::string& out, std::uint16_t control, std::uint16_t ControlFlag::*bit,
                const std::optional<Acl>& acl, const SddlContext& context) {
  for (const ControlFlag& flag : kControlFlags) {
    if ((control & flag.*bit) != 0) out += flag.letters;
  }
  if (!acl) {
    out += kNullAcl;
    return;
  }
  for (const Ace& ace : acl->aces) append_ace(out, ace, context);
}

/// Reads a descriptor and lays it out.
class Parser {
 public:
  Parser(std::string_view text, const SddlContext& context) : in_(text, context) {}

  Result<std::string> parse() {
    for (in_.skip_spaces(); !in_.at_end(); in_.skip_spaces()) read_part();
    if (in_.failed()) return in_.take_error();
    return lay_out({.control = control_, .owner = owner_, .group = group_, .sacl = sacl_, .dacl = dacl_});
  }

 private:
  void read_part() {
    const std::size_t start = in_.offset();
    for (std::size_t i = 0; i < kParts.size(); ++i) {
      if (!in_.skip(kParts[i])) continue;
      if (std::exchange(was_read_[i], true)) return in_.fail("a part that was there before", start);
      in_.skip_spaces();
      if (kParts[i] == "O:") owner_ = in_.sid().to_bytes();
      if (kParts[i] == "G:") group_ = in_.sid().to_bytes();
      if (kParts[i] == "D:") dacl_ = read_acl(sd_control::kDaclPresent, &ControlFlag::dacl);
      if (kParts[i] == "S:") sacl_ = read_acl(sd_control::kSaclPresent, &ControlFlag::sacl);
      return;
    }
    in_.fail("expected O:, G:, D: or S:");
  }

  // The list, empty for none.
  std::string read_acl(std::uint16_t present, std::uint16_t ControlFlag::*bit) {
    control_ |= present;
    while (read_control_flag(bit)) in_.skip_spaces();
    if (in_.skip(kNullAcl)) return {};
    std::string entries;
    std::uint16_t count = 0;
    std::uint8_t revision = 2;
    for (; !in_.at_end() && in_.peek() == '('; in_.skip_spaces()) {
      const std::size_t start = in_.offset();
      entries += read_ace(revision);
      ++count;
      if (entries.size() > kLargest - kAclHeaderSize)
        in_.fail("an access control list of more than 64 KiB", start);
    }
    if (in_.failed()) return {};
    std::string acl;
    append(acl, revision);
    append(acl, std::uint8_t{0});
    append(acl, static_cast<std::uint16_t>(entries.size() + kAclHeaderSize));
    append(acl, count);
    append(acl, std::uint16_t{0});
    return acl + entries;
  }

  bool read_control_flag(std::uint16_t ControlFlag::*bit) {
    for (const ControlFlag& flag : kControlFlags) {
      if (!in_.skip(flag.letters)) continue;
      control_ = static_cast<std::uint16_t>(control_ | flag.*bit);
      return true;
    }
    return false;
  }

  // The field up to the next semicolon, which is consumed, without spaces before it.
  template <class Meaning>
  auto field(Meaning meaning, const char* otherwise) {
    in_.skip_spaces();
    const std::size_t start = in_.offset();
    const auto value = meaning(in_.take_until(";)"));
    if (!in_.failed() && !value) in_.fail(otherwise, start);
    in_.expect(';');
    return value ? *value : typename decltype(value)::value_type{};
  }

  std::optional<Guid> object_type() {
    using Field = std::optional<std::optional<Guid>>;
    return field(
        [](std::string_view text) -> Field {
          if (text.empty()) return std::optional<Guid>();
          const std::optional<Guid> guid = text[0] == '{' ? std::nullopt : Guid::parse(text);
          return guid ? Field(guid) : std::nullopt;
        },
        "not a GUID");
  }

  std::string read_ace(std::uint8_t& revision) {
    const std::size_t start = in_.offset();
    in_.expect('(');
    const AceType type = field(ace_type_by_name, "unknown kind of entry");
    const std::uint8_t flags = field(ace_flags_by_name, "unknown inheritance or audit flag");
    const std::uint32_t mask = field(rights_by_name, "not access rights");
    const std::size_t types_start = in_.offset();
    const std::optional<Guid> types[2] = {object_type(), object_type()};
    const AceShape shape = shape_of(type);
    if (shape != AceShape::Object && (types[0] || types[1])) {
      in_.fail("only object entries have object types", types_start);
    }
    std::string body;
    in_.skip_spaces();
    if (shape == AceShape::Raw) {
      if (mask != 0) in_.fail("an entry of unknown kind has no fields but its bytes", types_start);
      in_.expect(';');
      body = read_octets(in_);
    } else {
      append(body, mask);
      if (shape == AceShape::Object) {
        revision = 4;
        append(body, std::uint32_t{types[0].has_value()} | std::uint32_t{types[1].has_value()} << 1);
        for (const std::optional<Guid>& object_type : types) {
          if (object_type) body += as_text(object_type->bytes);
        }
      }
      body += in_.sid().to_bytes();
      in_.skip_spaces();
      if (has_application_data(type) && in_.skip(";")) body += read_application_data(type);
    }
    in_.skip_spaces();
    in_.expect(')');
    if (body.size() > kLargest - kAceHeaderSize) in_.fail("an entry of more than 64 KiB", start);
    if (in_.failed()) return {};
    std::string entry;
    append(entry, static_cast<std::uint8_t>(type));
    append(entry, flags);
    append(entry, static_cast<std::uint16_t>(body.size() + kAceHeaderSize));
    return entry + body;
  }

  std::string read_application_data(AceType type) {
    in_.skip_spaces();
    if (in_.peek() == '#') return read_octets(in_);
    std::string data =
        type == AceType::ResourceAttribute ? read_resource_attribute(in_) : read_condition(in_);
    data.resize((data.size() + 3) / 4 * 4);  // [MS-DTYP] 2.4.4.17.4: what text says is padded
    return data;
  }

  static constexpr std::array<std::string_view, 4> kParts = {"O:", "G:", "D:", "S:"};

  SddlReader in_;
  std::array<bool, kParts.size()> was_read_ = {};
  std::uint16_t control_ = 0;
  std::string owner_;
  std::string group_;
  std::string dacl_;
  std::string sacl_;
};

}  // namespace

std::string to_sddl(const Ace& ace, const SddlContext& context) {
  std::string text;
  append_ace(text, ace, context);
  return text;
}

std::string to_sddl(const SecurityDescriptor& descriptor, const SddlContext& context) {
  std::string text;
  if (descriptor.owner) append_sid(text += "O:", *descriptor.owner, context);
  if (descriptor.group) append_sid(text += "G:", *descriptor.group, context);
  if ((descriptor.control & sd_control::kDaclPresent) != 0) {
    append_acl(text += "D:", descriptor.control, &ControlFlag::dacl, descriptor.dacl, context);
  }
  if ((descriptor.control & sd_control::kSaclPresent) != 0) {
    append_acl(text += "S:", descriptor.control, &ControlFlag::sacl, descriptor.sacl, context);
  }
  return text;
}

std::string condition_text(const Ace& ace, const SddlContext& context) {
  if (!has_application_data(ace.type) || ace.condition.empty()) return {};
  std::optional<std::string> text = ace.type == AceType::ResourceAttribute
                                        ? resource_attribute_to_text(ace.condition, context)
                                        : condition_to_text(ace.condition, context);
  return text ? *std::move(text) : octets_to_text(ace.condition);
}

Result<std::string> parse_sddl(std::string_view text, const SddlContext& context) {
  return Parser(text, context).parse();
}

}  // namespace tierline::directory
