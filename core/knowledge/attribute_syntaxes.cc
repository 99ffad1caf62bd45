#include "core/knowledge/attribute_syntaxes.h"

#include "core/base/text.h"

namespace tierline::knowledge {
namespace {

using directory::AttributeSyntax;

struct Row {
  std::string_view name;
  AttributeSyntax syntax;
};

// clang-format off
constexpr Row kRows[] = {
    {"objectSid", AttributeSyntax::Sid},
    {"sIDHistory", AttributeSyntax::Sid},
    {"securityIdentifier", AttributeSyntax::Sid},
    {"mS-DS-CreatorSID", AttributeSyntax::Sid},
    {"msDS-ShadowPrincipalSid", AttributeSyntax::Sid},
    {"msDS-QuotaTrustee", AttributeSyntax::Sid},
    {"tokenGroups", AttributeSyntax::Sid},
    {"objectGUID", AttributeSyntax::Guid},
    {"schemaIDGUID", AttributeSyntax::Guid},
    {"attributeSecurityGUID", AttributeSyntax::Guid},
    {"invocationId", AttributeSyntax::Guid},
    {"mS-DS-ConsistencyGuid", AttributeSyntax::Guid},
    {"msDS-OptionalFeatureGUID", AttributeSyntax::Guid},
};
// clang-format on

}  // namespace

AttributeSyntax octet_syntax(std::string_view attribute) {
  for (const Row& row : kRows) {
    if (equal_ascii_nocase(row.name, attribute)) return row.syntax;
  }
  return AttributeSyntax::Binary;
}

}  // namespace tierline::knowledge
