#pragma once

// How a directory is reached and read over LDAP.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tierline::collectors::ldap {

enum class BindMethod : std::uint8_t {
  GssSpnego,  ///< what Windows itself uses; Kerberos, or NTLM where its module is installed
  Gssapi,     ///< Kerberos
  Simple,     ///< name and password; only over TLS
};

struct Options {
  std::string url;  ///< ldap://HOST[:PORT] or ldaps://HOST[:PORT]
  BindMethod bind = BindMethod::GssSpnego;
  bool start_tls = false;
  std::string bind_name;      ///< Simple: a DN, NAME@DOMAIN or DOMAIN\name
  std::string password_file;  ///< Simple: one line, readable by its owner only
  std::string keytab;         ///< unattended Kerberos: keys of `principal`
  std::string principal;
  std::string ca_file;                          ///< PEM; empty = the certificate authorities of the system
  std::chrono::seconds operation_deadline{60};  ///< longest silence of the server
  std::chrono::milliseconds run_deadline{std::chrono::hours(4)};  ///< longest whole collection
  int retries = 4;  ///< attempts after the first, with growing pauses between them
};

/// Told what is being read and how many objects have come, at most a few times a second.
using Progress = std::function<void(std::string_view area, std::uint64_t objects)>;

}  // namespace tierline::collectors::ldap
