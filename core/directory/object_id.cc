#include "core/directory/object_id.h"

#include "core/base/text.h"

namespace tierline::directory {

std::optional<ObjectId> ObjectId::parse(std::string_view text) {
  ObjectId id;
  id.guid = Guid::parse(text);
  if (id.guid) return id;
  const std::string upper = upper_case(text);
  const std::size_t at = upper.starts_with("S-1-") ? 0 : upper.rfind("-S-1-");
  if (at == std::string::npos) return std::nullopt;
  id.domain = upper.substr(0, at);
  id.sid = Sid::parse(std::string_view(upper).substr(at == 0 ? 0 : at + 1));
  if (!id.sid || id.sid->count() == 0) return std::nullopt;
  return id;
}

std::string ObjectId::to_string() const {
  if (guid) return upper_case(guid->to_string());
  return (domain.empty() ? "" : domain + "-") + sid->to_string();
}

}  // namespace tierline::directory
