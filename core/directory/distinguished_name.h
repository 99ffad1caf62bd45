#pragma once

// Distinguished names as text, RFC 4514. The directory writes them; we only take them apart.

#include <string>
#include <string_view>

namespace tierline::directory {

/// The DN without its first component: "OU=A,DC=b" for "CN=x\,y,OU=A,DC=b"; empty when there is one only.
std::string_view parent_dn(std::string_view dn) noexcept;

/// The value of the first component, unescaped: "x,y" for "CN=x\,y,OU=A,DC=b".
std::string first_rdn_value(std::string_view dn);

/// The DNS name that the DC components spell: "corp.test" for "OU=A,DC=corp,DC=test"; empty without any.
std::string dns_domain(std::string_view dn);

}  // namespace tierline::directory
