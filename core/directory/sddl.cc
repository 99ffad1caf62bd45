#include "core/directory/sddl.h"

#include <array>
#include <utility>

#include "core/base/text.h"

namespace tierline::directory {
namespace {

using Letters = std::pair<std::uint32_t, std::string_view>;

constexpr std::array<Letters, 5> kFlags = {
    {{0x01, "OI"}, {0x02, "CI"}, {0x04, "NP"}, {0x08, "IO"}, {0x10, "ID"}}};

// In the order in which Windows prints them.
constexpr std::array<Letters, 17> kRights = {{{0x10000000, "GA"},
                                              {0x80000000, "GR"},
                                              {0x40000000, "GW"},
                                              {0x20000000, "GX"},
                                              {0x00000001, "CC"},
                                              {0x00000002, "DC"},
                                              {0x00000004, "LC"},
                                              {0x00000008, "SW"},
                                              {0x00000010, "RP"},
                                              {0x00000020, "WP"},
                                              {0x00000040, "DT"},
                                              {0x00000080, "LO"},
                                              {0x00000100, "CR"},
                                              {0x00010000, "SD"},
                                              {0x00020000, "RC"},
                                              {0x00040000, "WD"},
                                              {0x00080000, "WO"}}};

std::string_view type_letters(AceType type) {
  switch (type) {
    case AceType::Allow:
      return "A";
    case AceType::Deny:
      return "D";
    case AceType::Audit:
      return "AU";
    case AceType::Alarm:
      return "AL";
    case AceType::AllowObject:
      return "OA";
    case AceType::DenyObject:
      return "OD";
    case AceType::AuditObject:
      return "OU";
    case AceType::AlarmObject:
      return "OL";
    case AceType::AllowCallback:
      return "XA";
    case AceType::DenyCallback:
      return "XD";
    case AceType::AllowCallbackObject:
      return "ZA";
    case AceType::AuditCallback:
      return "XU";
    case AceType::MandatoryLabel:
      return "ML";
    case AceType::ResourceAttribute:
      return "RA";
    case AceType::ScopedPolicy:
      return "SP";
    default:
      return {};
  }
}

std::string rights_text(std::uint32_t mask) {
  std::string text;
  std::uint32_t rest = mask;
  for (const auto& [bit, letters] : kRights) {
    if ((mask & bit) == 0) continue;
    text += letters;
    rest &= ~bit;
  }
  if (rest == 0) return text;
  constexpr char kHex[] = "0123456789abcdef";
  std::string hex = "0x";
  bool begun = false;
  for (int shift = 28; shift >= 0; shift -= 4) {
    const unsigned digit = (mask >> shift) & 15;
    begun = begun || digit != 0;
    if (begun) hex += kHex[digit];
  }
  return hex;
}

}  // namespace

std::string to_sddl(const Ace& ace) {
  const std::string_view type = type_letters(ace.type);
  std::string text = "(";
  text += type.empty() ? "0x" + to_hex(ace.raw.first(1)) : std::string(type);
  text += ';';
  for (const auto& [bit, letters] : kFlags) {
    if ((ace.flags & bit) != 0) text += letters;
  }
  text += ';' + rights_text(ace.mask) + ';';
  if (ace.object_type) text += ace.object_type->to_string();
  text += ';';
  if (ace.inherited_object_type) text += ace.inherited_object_type->to_string();
  text += ';' + ace.trustee.to_string() + ')';
  return text;
}

}  // namespace tierline::directory
