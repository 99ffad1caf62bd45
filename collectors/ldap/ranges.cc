#include "collectors/ldap/ranges.h"

#include <charconv>
#include <limits>
#include <optional>

#include "core/base/text.h"

namespace tierline::collectors::ldap {
namespace {

constexpr std::string_view kRange = "range=";

bool parse_index(std::string_view text, std::uint64_t& index) {
  const char* const last = text.data() + text.size();
  const auto [end, failure] = std::from_chars(text.data(), last, index);
  return failure == std::errc() && end == last;
}

bool parse_bounds(std::string_view bounds, RangedName& parsed) {
  const std::size_t dash = bounds.find('-');
  if (dash == std::string_view::npos || !parse_index(bounds.substr(0, dash), parsed.begin)) return false;
  const std::string_view end = bounds.substr(dash + 1);
  parsed.is_last = end == "*";
  // The next range begins after this one's end, so there must be something after it.
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
  return parsed.is_last || (parse_index(end, parsed.end) && parsed.end >= parsed.begin && parsed.end < kLast);
}

}  // namespace

Result<RangedName> parse_ranged_name(std::string_view attribute) {
  RangedName parsed{.name = attribute.substr(0, attribute.find(';')), .is_last = true};
  std::string_view options = attribute.substr(parsed.name.size());
  while (!options.empty()) {
    options.remove_prefix(1);
    const std::string_view option = options.substr(0, options.find(';'));
    options.remove_prefix(option.size());
    if (!equal_ascii_nocase(option.substr(0, kRange.size()), kRange)) continue;
    parsed.is_ranged = true;
    if (!parse_bounds(option.substr(kRange.size()), parsed)) {
      return Error{ErrorCode::Unavailable, "the server sent a range that is none: " + visible(attribute)};
    }
  }
  return parsed;
}

Result<bool> read_values(Connection& connection, const std::string& object, const std::string& name,
                         std::uint64_t begin, LinkForm links, const std::function<void(ByteSpan)>& take) {
  const auto stuck = [&](const std::string& why) {
    return Error{ErrorCode::Unavailable, "the server does not go on with the values of " + name + why,
                 visible(object)};
  };
  while (true) {
    std::optional<RangedName> range;
    bool is_there = false;
    const auto take_range = [&](const Entry& entry) -> Status {
      is_there = true;
      for (const Entry::Attribute& attribute : entry.attributes) {
        const Result<RangedName> parsed = parse_ranged_name(attribute.name);
        if (!parsed) return parsed.error();
        // Beside the range there may be the attribute by its plain name, without values.
        if (!equal_ascii_nocase(parsed->name, name) || attribute.values.empty()) continue;
        range = *parsed;
        if (range->begin != begin) return stuck("");
        for (const ByteSpan value : attribute.values) take(value);
      }
      return {};
    };
    const Result<SearchOutcome> outcome =
        connection.search({.base = object,
                           .scope = Scope::Base,
                           .attributes = {name + ";range=" + std::to_string(begin) + "-*"},
                           .links = links},
                          take_range);
    if (!outcome) return outcome.error();
    if (outcome->is_base_gone) return false;
    if (!outcome->limited.empty()) return stuck(": " + outcome->limited);
    // An object without any value has no range; one of which values have been read already has more.
    if (!range && (!is_there || begin != 0)) return stuck("");
    if (!range || range->is_last) return true;
    begin = range->end + 1;
  }
}

}  // namespace tierline::collectors::ldap
