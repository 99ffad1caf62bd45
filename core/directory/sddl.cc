#include "core/directory/sddl.h"

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "core/base/text.h"

namespace tierline::directory {
namespace {

struct Letters {
  std::uint32_t value;
  std::string_view letters;
};

// [MS-DTYP] 2.5.1.1, in the order in which Windows prints them.
constexpr Letters kAceFlags[] = {{0x01, "OI"}, {0x02, "CI"}, {0x04, "NP"}, {0x08, "IO"},
                                 {0x10, "ID"}, {0x40, "SA"}, {0x80, "FA"}};

constexpr Letters kRights[] = {{0x10000000, "GA"}, {0x80000000, "GR"}, {0x40000000, "GW"}, {0x20000000, "GX"},
                               {0x00000001, "CC"}, {0x00000002, "DC"}, {0x00000004, "LC"}, {0x00000008, "SW"},
                               {0x00000010, "RP"}, {0x00000020, "WP"}, {0x00000040, "DT"}, {0x00000080, "LO"},
                               {0x00000100, "CR"}, {0x00010000, "SD"}, {0x00020000, "RC"}, {0x00040000, "WD"},
                               {0x00080000, "WO"}};

// Understood, but never printed: for directory objects the single rights say more.
constexpr Letters kFileRights[] = {{0x001F01FF, "FA"}, {0x00120089, "FR"}, {0x00120116, "FW"},
                                   {0x001200A0, "FX"}, {0x000F003F, "KA"}, {0x00020019, "KR"},
                                   {0x00020006, "KW"}, {0x00020019, "KX"}};

constexpr Letters kAceTypes[] = {{0x00, "A"},  {0x01, "D"},  {0x02, "AU"}, {0x03, "AL"}, {0x05, "OA"},
                                 {0x06, "OD"}, {0x07, "OU"}, {0x08, "OL"}, {0x09, "XA"}, {0x0A, "XD"},
                                 {0x0B, "ZA"}, {0x0D, "XU"}, {0x11, "ML"}, {0x12, "RA"}, {0x13, "SP"}};

struct NamedSid {
  std::string_view letters;
  std::string_view sid;  ///< empty for one that is relative to a domain
  std::uint32_t rid = 0;
};

// [MS-DTYP] 2.5.1.1, sid-token.
constexpr NamedSid kSids[] = {{"AA", "S-1-5-32-579"}, {"AC", "S-1-15-2-1"},   {"AN", "S-1-5-7"},
                              {"AO", "S-1-5-32-548"}, {"AS", "S-1-18-1"},     {"AU", "S-1-5-11"},
                              {"BA", "S-1-5-32-544"}, {"BG", "S-1-5-32-546"}, {"BO", "S-1-5-32-551"},
                              {"BU", "S-1-5-32-545"}, {"CA", "", 517},        {"CD", "S-1-5-32-574"},
                              {"CG", "S-1-3-1"},      {"CN", "", 522},        {"CO", "S-1-3-0"},
                              {"CY", "S-1-5-32-569"}, {"DA", "", 512},        {"DC", "", 515},
                              {"DD", "", 516},        {"DG", "", 514},        {"DU", "", 513},
                              {"EA", "", 519},        {"ED", "S-1-5-9"},      {"EK", "", 527},
                              {"ER", "S-1-5-32-573"}, {"ES", "S-1-5-32-576"}, {"HA", "S-1-5-32-578"},
                              {"HI", "S-1-16-12288"}, {"HO", "S-1-5-32-583"}, {"IS", "S-1-5-32-568"},
                              {"IU", "S-1-5-4"},      {"KA", "", 526},        {"LA", "", 500},
                              {"LG", "", 501},        {"LS", "S-1-5-19"},     {"LU", "S-1-5-32-559"},
                              {"LW", "S-1-16-4096"},  {"ME", "S-1-16-8192"},  {"MP", "S-1-16-8448"},
                              {"MU", "S-1-5-32-558"}, {"NO", "S-1-5-32-556"}, {"NS", "S-1-5-20"},
                              {"NU", "S-1-5-2"},      {"OW", "S-1-3-4"},      {"PA", "", 520},
                              {"PO", "S-1-5-32-550"}, {"PS", "S-1-5-10"},     {"PU", "S-1-5-32-547"},
                              {"RA", "S-1-5-32-575"}, {"RC", "S-1-5-12"},     {"RD", "S-1-5-32-555"},
                              {"RE", "S-1-5-32-552"}, {"RM", "S-1-5-32-580"}, {"RO", "", 498},
                              {"RS", "", 553},        {"RU", "S-1-5-32-554"}, {"SA", "", 518},
                              {"SI", "S-1-16-16384"}, {"SO", "S-1-5-32-549"}, {"SS", "S-1-18-2"},
                              {"SU", "S-1-5-6"},      {"SY", "S-1-5-18"},     {"UD", "S-1-5-84-0-0-0-0-0"},
                              {"WD", "S-1-1-0"},      {"WR", "S-1-5-33"}};

std::string hexadecimal(std::uint32_t value) {
  std::array<char, 8> digits = {};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return "0x" + std::string(digits.data(), written.ptr);
}

// Letters for every bit, or a number for all when one has none.
template <std::size_t N>
std::string letters_for(std::uint32_t value, const Letters (&table)[N]) {
  std::string text;
  std::uint32_t rest = value;
  for (const auto& [bit, letters] : table) {
    if ((value & bit) == 0) continue;
    text += letters;
    rest &= ~bit;
  }
  return rest == 0 ? text : hexadecimal(value);
}

std::string type_letters(AceType type) {
  for (const auto& [value, letters] : kAceTypes) {
    if (value == static_cast<std::uint32_t>(type)) return std::string(letters);
  }
  return hexadecimal(static_cast<std::uint32_t>(type));
}

std::string acl_text(char which, const std::optional<Acl>& acl, bool is_protected, bool inherit_requested,
                     bool inherited) {
  std::string text = {which, ':'};
  if (is_protected) text += 'P';
  if (inherit_requested) text += "AR";
  if (inherited) text += "AI";
  if (!acl) return text + "NO_ACCESS_CONTROL";
  for (const Ace& ace : acl->aces) text += to_sddl(ace);
  return text;
}

constexpr std::uint16_t kDaclInheritRequested = 0x0100;
constexpr std::uint16_t kSaclInheritRequested = 0x0200;
constexpr std::uint16_t kSaclAutoInherited = 0x0800;

template <class Integer>
void append(std::string& out, Integer value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof value);
}

/// Reads one descriptor from left to right; the first thing that does not fit is the error.
class Parser {
 public:
  Parser(std::string_view text, const std::optional<Sid>& domain) : text_(text), domain_(domain) {}

  Result<std::string> parse() {
    while (!failed_ && at_ < text_.size()) {
      const char part = text_[at_];
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != ':')
        return fail("expected O:, G:, D: or S:").take_error();
      at_ += 2;
      switch (part) {
        case 'O':
          owner_ = sid();
          break;
        case 'G':
          group_ = sid();
          break;
        case 'D':
          read_acl(dacl_, sd_control::kDaclPresent, sd_control::kDaclProtected, kDaclInheritRequested,
                   sd_control::kDaclAutoInherited);
          break;
        case 'S':
          read_acl(sacl_, sd_control::kSaclPresent, sd_control::kSaclProtected, kSaclInheritRequested,
                   kSaclAutoInherited);
          break;
        default:
          at_ -= 2;
          fail("expected O:, G:, D: or S:");
      }
    }
    if (failed_) return take_error();
    return layout();
  }

 private:
  Parser& fail(std::string message) {
    if (!failed_) error_ = {ErrorCode::BadData, "SDDL: " + std::move(message), {}, at_};
    failed_ = true;
    return *this;
  }
  Error take_error() { return std::move(error_); }

  bool skip(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  std::string sid() {
    if (at_ + 1 < text_.size() && (text_[at_] == 'S' || text_[at_] == 's') && text_[at_ + 1] == '-') {
      std::size_t end = at_ + 2;
      const auto part_of_sid = [](char c) {
        return (c >= '0' && c <= '9') || c == '-' || c == 'x' || c == 'X' || (c >= 'A' && c <= 'F') ||
               (c >= 'a' && c <= 'f');
      };
      while (end < text_.size() && part_of_sid(text_[end])) ++end;
      // "O:S-1-5-18D:..." runs the last number into the D of the next part.
      while (end > at_ && end < text_.size() && text_[end] == ':') --end;
      const auto parsed = Sid::parse(text_.substr(at_, end - at_));
      if (!parsed) return fail("not a SID"), std::string();
      at_ = end;
      return parsed->to_bytes();
    }
    const std::string_view letters = text_.substr(at_, 2);
    for (const NamedSid& named : kSids) {
      if (named.letters != letters) continue;
      if (named.sid.empty() && !domain_) return fail("a SID that needs a domain's SID"), std::string();
      at_ += 2;
      return named.sid.empty() ? domain_->with_rid(named.rid).to_bytes() : Sid::parse(named.sid)->to_bytes();
    }
    return fail("not a SID"), std::string();
  }

  void read_acl(std::optional<std::string>& acl, std::uint16_t present, std::uint16_t is_protected,
                std::uint16_t inherit_requested, std::uint16_t inherited) {
    control_ |= present;
    while (!failed_) {
      if (skip("NO_ACCESS_CONTROL")) return;
      if (skip("AR")) {
        control_ |= inherit_requested;
      } else if (skip("AI")) {
        control_ |= inherited;
      } else if (skip("P")) {
        control_ |= is_protected;
      } else {
        break;
      }
    }
    std::string entries;
    std::uint16_t count = 0;
    std::uint8_t revision = 2;
    while (!failed_ && at_ < text_.size() && text_[at_] == '(') {
      entries += ace(revision);
      ++count;
    }
    constexpr std::size_t kHeader = 8;
    constexpr std::size_t kLargest = 0xFFFF;  // [MS-DTYP] 2.4.5: the size has 16 bits
    if (entries.size() + kHeader > kLargest) fail("an access control list of more than 64 KiB");
    if (failed_) return;
    acl.emplace();
    append(*acl, revision);
    append(*acl, std::uint8_t{0});
    append(*acl, static_cast<std::uint16_t>(entries.size() + kHeader));
    append(*acl, count);
    append(*acl, std::uint16_t{0});
    *acl += entries;
  }

  // The field up to the next semicolon, which is consumed.
  std::string_view field() {
    const std::size_t end = text_.find_first_of(";()", at_);
    if (end == std::string_view::npos || text_[end] != ';')
      return fail("expected six fields in an entry"), "";
    const std::string_view value = text_.substr(at_, end - at_);
    field_at_ = at_;
    at_ = end + 1;
    return value;
  }

  void fail_field(std::string message) {
    at_ = field_at_;
    fail(std::move(message));
  }

  template <std::size_t N>
  bool add_letters(std::string_view& rest, std::uint32_t& value, const Letters (&table)[N]) {
    for (const auto& [bit, letters] : table) {
      if (!rest.starts_with(letters)) continue;
      value |= bit;
      rest.remove_prefix(letters.size());
      return true;
    }
    return false;
  }

  std::uint32_t rights(std::string_view rest) {
    std::uint32_t mask = 0;
    if (rest.starts_with("0x") || rest.starts_with("0X")) {
      const auto parsed = std::from_chars(rest.data() + 2, rest.data() + rest.size(), mask, 16);
      if (parsed.ec != std::errc() || parsed.ptr != rest.data() + rest.size())
        fail_field("not an access mask");
      return mask;
    }
    while (!rest.empty() && !failed_) {
      if (!add_letters(rest, mask, kRights) && !add_letters(rest, mask, kFileRights))
        fail_field("unknown right");
    }
    return mask;
  }

  std::string ace(std::uint8_t& revision) {
    ++at_;  // the parenthesis
    const std::string_view type_text = field();
    std::optional<std::uint32_t> type;
    for (const auto& [value, letters] : kAceTypes) {
      if (letters == type_text) type = value;
    }
    if (!failed_ && !type) fail_field("unknown kind of entry");
    std::string_view flag_text = field();
    std::uint32_t flags = 0;
    while (!flag_text.empty() && !failed_) {
      if (!add_letters(flag_text, flags, kAceFlags)) fail_field("unknown inheritance flag");
    }
    const std::uint32_t mask = rights(field());
    std::optional<Guid> types[2];
    for (std::optional<Guid>& object_type : types) {
      const std::string_view text = field();
      if (text.empty() || failed_) continue;
      object_type = Guid::parse(fold_case(text));
      if (!object_type) fail_field("not a GUID");
    }
    if (failed_) return {};
    const std::string trustee = sid();
    if (!failed_ && (at_ >= text_.size() || text_[at_] != ')')) fail("expected the end of the entry");
    if (failed_) return {};
    ++at_;

    constexpr std::uint32_t kObjectKinds[] = {0x05, 0x06, 0x07, 0x08, 0x0B};
    bool is_object = false;
    for (const std::uint32_t kind : kObjectKinds) is_object = is_object || kind == *type;
    if (!is_object && (types[0] || types[1]))
      return fail("only object entries have object types"), std::string();
    if (is_object) revision = 4;
    std::string body;
    append(body, mask);
    if (is_object) {
      append(body, std::uint32_t{types[0].has_value()} | std::uint32_t{types[1].has_value()} << 1);
      for (const std::optional<Guid>& object_type : types) {
        if (object_type) body += as_text(object_type->bytes);
      }
    }
    body += trustee;
    std::string entry;
    append(entry, static_cast<std::uint8_t>(*type));
    append(entry, static_cast<std::uint8_t>(flags));
    append(entry, static_cast<std::uint16_t>(body.size() + 4));
    return entry + body;
  }

  std::string layout() const {
    constexpr std::uint32_t kHeader = 20;
    std::string body;
    const auto place = [&](const std::string& part) {
      const auto offset = part.empty() ? 0u : static_cast<std::uint32_t>(kHeader + body.size());
      body += part;
      return offset;
    };
    const std::uint32_t sacl = place(sacl_.value_or(""));
    const std::uint32_t dacl_place = place(dacl_.value_or(""));
    const std::uint32_t owner = place(owner_);
    const std::uint32_t group = place(group_);
    std::string bytes;
    append(bytes, std::uint8_t{1});
    append(bytes, std::uint8_t{0});
    append(bytes, static_cast<std::uint16_t>(control_ | sd_control::kSelfRelative));
    append(bytes, owner);
    append(bytes, group);
    append(bytes, sacl);
    append(bytes, dacl_place);
    return bytes + body;
  }

  std::string_view text_;
  const std::optional<Sid>& domain_;
  std::size_t at_ = 0;
  std::size_t field_at_ = 0;
  bool failed_ = false;
  Error error_;
  std::uint16_t control_ = 0;
  std::string owner_;
  std::string group_;
  std::optional<std::string> dacl_;
  std::optional<std::string> sacl_;
};

}  // namespace

std::string to_sddl(const Ace& ace) {
  std::string text = "(" + type_letters(ace.type) + ";";
  text += letters_for(ace.flags, kAceFlags) + ";" + letters_for(ace.mask, kRights) + ";";
  if (ace.object_type) text += ace.object_type->to_string();
  text += ";";
  if (ace.inherited_object_type) text += ace.inherited_object_type->to_string();
  return text + ";" + ace.trustee.to_string() + ")";
}

std::string to_sddl(const SecurityDescriptor& descriptor) {
  const auto has = [&](std::uint16_t bit) { return (descriptor.control & bit) != 0; };
  std::string text;
  if (descriptor.owner) text += "O:" + descriptor.owner->to_string();
  if (descriptor.group) text += "G:" + descriptor.group->to_string();
  if (has(sd_control::kDaclPresent)) {
    text += acl_text('D', descriptor.dacl, has(sd_control::kDaclProtected), has(kDaclInheritRequested),
                     has(sd_control::kDaclAutoInherited));
  }
  if (has(sd_control::kSaclPresent)) {
    text += acl_text('S', descriptor.sacl, has(sd_control::kSaclProtected), has(kSaclInheritRequested),
                     has(kSaclAutoInherited));
  }
  return text;
}

Result<std::string> parse_sddl(std::string_view text, const std::optional<Sid>& domain) {
  return Parser(text, domain).parse();
}

}  // namespace tierline::directory
