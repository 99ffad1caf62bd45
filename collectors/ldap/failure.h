#pragma once

// What LDAP's result codes mean to whoever runs the collector.

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace tierline::collectors::ldap {

/// An Error for a failed LDAP operation, in the contract's terms and with what can be done about it.
/// `detail` is the server's or the library's diagnostic message, which is where Active Directory puts the
/// reason ([MS-ADTS] 3.1.1.3.1.9: "..., data 532, ..."); `doing` begins the message.
Error failure(int code, std::string_view detail, std::string_view doing, const std::string& where);

}  // namespace tierline::collectors::ldap
