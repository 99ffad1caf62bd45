#include "core/knowledge/time_to_live.h"

#include <charconv>

#include "core/base/text.h"

namespace tierline::knowledge {

std::optional<TimedLink> parse_timed_link(std::string_view value) {
  constexpr std::string_view kBegin = "<TTL=";
  if (!equal_ascii_nocase(value.substr(0, kBegin.size()), kBegin) || !value.ends_with('>'))
    return std::nullopt;
  TimedLink link;
  const char* const last = value.data() + value.size() - 1;
  const auto [end, failure] = std::from_chars(value.data() + kBegin.size(), last, link.seconds);
  if (failure != std::errc() || end == last || *end != ',') return std::nullopt;
  link.dn = std::string_view(end + 1, static_cast<std::size_t>(last - end - 1));
  return link;
}

}  // namespace tierline::knowledge
