#pragma once

// What the attributes of a certificate template mean ([MS-CRTD]), each setting under the name that collections for
// BloodHound give it; and the object identifiers that decide what a certificate is good for.

#include <cstdint>
#include <span>
#include <string_view>

namespace tierline::knowledge {

/// A setting that an attribute holds as it is, or in some of its bits.
struct CertificateSetting {
  std::string_view name;
  std::string_view attribute;
  std::uint32_t bits = 0;  ///< one of them is enough; 0 when the values are the setting
  std::string_view when_absent = {};
};

/// Null for a setting that more than one attribute decides.
const CertificateSetting* certificate_setting(std::string_view name);
std::span<const CertificateSetting> certificate_settings();

namespace certificate_purposes {

// Extended key usages, [MS-WCCE] 2.2.2.7.7.3 and [RFC 5280] 4.2.1.12.
inline constexpr std::string_view kAny = "2.5.29.37.0";
inline constexpr std::string_view kClientAuthentication = "1.3.6.1.5.5.7.3.2";
inline constexpr std::string_view kEnrollmentAgent = "1.3.6.1.4.1.311.20.2.1";
inline constexpr std::string_view kSmartcardLogon = "1.3.6.1.4.1.311.20.2.2";
inline constexpr std::string_view kKerberosClient = "1.3.6.1.5.2.3.4";  // [RFC 4556] 3.2.2

}  // namespace certificate_purposes
}  // namespace tierline::knowledge
