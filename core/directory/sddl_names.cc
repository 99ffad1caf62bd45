#include "core/directory/sddl_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "core/base/text.h"

namespace tierline::directory {
namespace {

struct Letters {
  std::uint32_t value;
  std::string_view letters;
};

// clang-format off
constexpr Letters kAceTypes[] = {
    {0x00, "A"},  {0x01, "D"},  {0x02, "AU"}, {0x03, "AL"},  // plain
    {0x05, "OA"}, {0x06, "OD"}, {0x07, "OU"}, {0x08, "OL"},  // object
    {0x09, "XA"}, {0x0A, "XD"}, {0x0B, "ZA"}, {0x0D, "XU"},  // callback
    {0x11, "ML"}, {0x12, "RA"}, {0x13, "SP"}, {0x14, "TL"}, {0x15, "FL"}};

constexpr Letters kAceFlags[] = {{0x01, "OI"}, {0x02, "CI"}, {0x04, "NP"}, {0x08, "IO"},
                                 {0x10, "ID"}, {0x20, "CR"}, {0x40, "SA"}, {0x80, "FA"}};
constexpr std::string_view kTrustProtected = "TP";  // what 0x40 means in an access filter

constexpr Letters kRights[] = {{0x00000001, "CC"}, {0x00000002, "DC"}, {0x00000004, "LC"}, {0x00000008, "SW"},
                               {0x00000010, "RP"}, {0x00000020, "WP"}, {0x00000040, "DT"}, {0x00000080, "LO"},
                               {0x00000100, "CR"}, {0x00010000, "SD"}, {0x00020000, "RC"}, {0x00040000, "WD"},
                               {0x00080000, "WO"}, {0x10000000, "GA"}, {0x20000000, "GX"}, {0x40000000, "GW"},
                               {0x80000000, "GR"}};

// Names of whole masks that include SYNCHRONIZE, which has no letters of its own.
constexpr Letters kFileRights[] = {{0x001F01FF, "FA"}, {0x00120089, "FR"}, {0x00120116, "FW"}, {0x001200A0, "FX"}};

// Windows writes these too; here the rights are written one by one, as descriptors of a directory are shown and
// "KR" would hide a self-write.
constexpr Letters kKeyRights[] = {{0x000F003F, "KA"}, {0x00020019, "KR"}, {0x00020006, "KW"}, {0x00020019, "KX"}};

constexpr Letters kLabelRights[] = {{0x1, "NW"}, {0x2, "NR"}, {0x4, "NX"}};  // of a mandatory label

struct SidName {
  std::string_view letters;
  std::string_view sid;
};

constexpr SidName kSids[] = {
    {"WD", "S-1-1-0"},                                                                        // everyone
    {"CO", "S-1-3-0"},      {"CG", "S-1-3-1"},      {"OW", "S-1-3-4"},                        // creator and owner
    {"NU", "S-1-5-2"},      {"IU", "S-1-5-4"},      {"SU", "S-1-5-6"},      {"AN", "S-1-5-7"},
    {"ED", "S-1-5-9"},      {"PS", "S-1-5-10"},     {"AU", "S-1-5-11"},     {"RC", "S-1-5-12"},
    {"SY", "S-1-5-18"},     {"LS", "S-1-5-19"},     {"NS", "S-1-5-20"},     {"WR", "S-1-5-33"},
    {"BA", "S-1-5-32-544"}, {"BU", "S-1-5-32-545"}, {"BG", "S-1-5-32-546"}, {"PU", "S-1-5-32-547"},
    {"AO", "S-1-5-32-548"}, {"SO", "S-1-5-32-549"}, {"PO", "S-1-5-32-550"}, {"BO", "S-1-5-32-551"},
    {"RE", "S-1-5-32-552"}, {"RU", "S-1-5-32-554"}, {"RD", "S-1-5-32-555"}, {"NO", "S-1-5-32-556"},
    {"MU", "S-1-5-32-558"}, {"LU", "S-1-5-32-559"}, {"IS", "S-1-5-32-568"}, {"CY", "S-1-5-32-569"},
    {"ER", "S-1-5-32-573"}, {"CD", "S-1-5-32-574"}, {"RA", "S-1-5-32-575"}, {"ES", "S-1-5-32-576"},
    {"MS", "S-1-5-32-577"}, {"HA", "S-1-5-32-578"}, {"AA", "S-1-5-32-579"}, {"RM", "S-1-5-32-580"},
    {"HO", "S-1-5-32-584"}, {"SH", "S-1-5-32-585"},
    {"AC", "S-1-15-2-1"},   {"AS", "S-1-18-1"},     {"SS", "S-1-18-2"},     {"UD", "S-1-5-84-0-0-0-0-0"},
    {"LW", "S-1-16-4096"},  {"ME", "S-1-16-8192"},  {"MP", "S-1-16-8448"},  {"HI", "S-1-16-12288"},
    {"SI", "S-1-16-16384"}};

struct DomainSidName {
  std::string_view letters;
  std::uint32_t rid;
  bool in_root_domain = false;
};

constexpr DomainSidName kDomainSids[] = {
    {"LA", 500}, {"LG", 501}, {"DA", 512}, {"DU", 513}, {"DG", 514}, {"DC", 515}, {"DD", 516}, {"CA", 517},
    {"PA", 520}, {"CN", 522}, {"AP", 525}, {"KA", 526}, {"RS", 553},
    {"RO", 498, true}, {"SA", 518, true}, {"EA", 519, true}, {"EK", 527, true}};
// clang-format on

const std::optional<Sid>& home_of(const DomainSidName& named, const SddlContext& context) {
  return named.in_root_domain && context.root_domain ? context.root_domain : context.domain;
}

const std::unordered_map<Sid, std::string_view>& names_of_sids() {
  static const auto names = [] {
    std::unordered_map<Sid, std::string_view> made;
    for (const auto& [letters, sid] : kSids) made.emplace(*Sid::parse(sid), letters);
    return made;
  }();
  return names;
}

std::string_view name_of(const Sid& sid, const SddlContext& context) {
  if (sid.is_domain_issued()) {
    if (!context.domain && !context.root_domain) return {};
    for (const DomainSidName& named : kDomainSids) {
      if (named.rid == sid.rid() && home_of(named, context) == sid.parent()) return named.letters;
    }
    return {};
  }
  const auto found = names_of_sids().find(sid);
  return found == names_of_sids().end() ? std::string_view() : found->second;
}

template <std::size_t N>
std::optional<std::uint32_t> value_of(std::string_view letters, const Letters (&table)[N]) {
  for (const Letters& row : table) {
    if (equal_ascii_nocase(row.letters, letters)) return row.value;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
  }
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void append_hexadecimal(std::string& out, std::uint64_t value) {
  std::array<char, 16> digits = {};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  out += "0x";
  out.append(digits.data(), written.ptr);
}

std::string ace_type_name(AceType type) {
  const auto value = static_cast<std::uint32_t>(type);
  for (const Letters& row : kAceTypes) {
    if (row.value == value) return std::string(row.letters);
  }
  std::string text;
  append_hexadecimal(text, value);
  return text;
}

std::optional<AceType> ace_type_by_name(std::string_view name) {
  std::optional<std::uint32_t> value = value_of(name, kAceTypes);
  if (!value && name.starts_with("0x")) value = number(name);
  if (!value || *value > 0xFF) return std::nullopt;
  return AceType{static_cast<std::uint8_t>(*value)};
}

std::vector<std::string_view> ace_flag_names(AceType type, std::uint8_t flags) {
  std::vector<std::string_view> names;
  for (const Letters& row : kAceFlags) {
    if ((flags & row.value) == 0) continue;
    const bool is_filter = type == AceType::AccessFilter && row.value == ace_flag::kSuccessfulAccess;
    names.push_back(is_filter ? kTrustProtected : row.letters);
  }
  return names;
}

std::optional<std::uint8_t> ace_flags_by_name(std::string_view letters) {
  std::uint32_t flags = 0;
  for (; !letters.empty(); letters.remove_prefix(std::min<std::size_t>(2, letters.size()))) {
    const std::string_view pair = letters.substr(0, 2);
    std::optional<std::uint32_t> flag = value_of(pair, kAceFlags);
    if (!flag && equal_ascii_nocase(pair, kTrustProtected)) flag = ace_flag::kSuccessfulAccess;
    if (!flag) return std::nullopt;
    flags |= *flag;
  }
  return static_cast<std::uint8_t>(flags);
}

std::vector<std::string> right_names(AceType type, std::uint32_t mask) {
  std::vector<std::string> names;
  std::uint32_t rest = mask;
  const auto name = [&](const Letters& row) {
    if ((rest & row.value) == 0) return;
    names.emplace_back(row.letters);
    rest &= ~row.value;
  };
  if (type == AceType::MandatoryLabel) {
    for (const Letters& row : kLabelRights) name(row);
  }
  for (const Letters& row : kRights) name(row);
  if (rest != 0) append_hexadecimal(names.emplace_back(), rest);
  return names;
}

void append_rights(std::string& out, AceType type, std::uint32_t mask) {
  for (const Letters& row : kFileRights) {
    if (row.value == mask) {
      out += row.letters;
      return;
    }
  }
  const std::size_t start = out.size();
  std::uint32_t rest = mask;
  const auto append = [&](const Letters& row) {
    if ((mask & row.value) == 0) return;
    out += row.letters;
    rest &= ~row.value;
  };
  if (type == AceType::MandatoryLabel) {
    for (const Letters& row : kLabelRights) append(row);
  } else {
    for (const Letters& row : kRights) append(row);
  }
  if (rest == 0) return;
  out.resize(start);
  append_hexadecimal(out, mask);
}

std::optional<std::uint32_t> rights_by_name(std::string_view text) {
  if (!text.empty() && text[0] >= '0' && text[0] <= '9') return number(text);
  std::uint32_t mask = 0;
  for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(2, text.size()))) {
    const std::string_view pair = text.substr(0, 2);
    std::optional<std::uint32_t> right = value_of(pair, kRights);
    if (!right) right = value_of(pair, kFileRights);
    if (!right) right = value_of(pair, kKeyRights);
    if (!right) right = value_of(pair, kLabelRights);
    if (!right) return std::nullopt;
    mask |= *right;
  }
  return mask;
}

void append_sid(std::string& out, const Sid& sid, const SddlContext& context) {
  const std::string_view name = name_of(sid, context);
  if (name.empty()) {
    out += sid.to_string();
  } else {
    out += name;
  }
}

Result<Sid> sid_by_name(std::string_view letters, const SddlContext& context) {
  for (const auto& [name, sid] : kSids) {
    if (equal_ascii_nocase(name, letters)) return *Sid::parse(sid);
  }
  for (const DomainSidName& named : kDomainSids) {
    if (!equal_ascii_nocase(named.letters, letters)) continue;
    const std::optional<Sid>& home = home_of(named, context);
    if (home) return home->with_rid(named.rid);
    return Error{ErrorCode::BadData,
                 std::string(named.letters) + " means nothing without the SID of a domain"};
  }
  return Error{ErrorCode::BadData, "not a SID"};
}

}  // namespace tierline::directory
