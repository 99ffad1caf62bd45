#include "core/directory/distinguished_name.h"

#include "core/base/text.h"

namespace tierline::directory {
namespace {

// Where the first component ends: its unescaped comma, or the end of the text.
std::size_t first_component_end(std::string_view dn) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < dn.size(); ++i) {
    if (dn[i] == '\\') {
      ++i;
    } else if (dn[i] == '"') {
      quoted = !quoted;
    } else if (dn[i] == ',' && !quoted) {
      return i;
    }
  }
  return dn.size();
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view parent_dn(std::string_view dn) noexcept {
  const std::size_t end = first_component_end(dn);
  return end == dn.size() ? std::string_view() : dn.substr(end + 1);
}

std::string first_rdn_value(std::string_view dn) {
  std::string_view component = dn.substr(0, first_component_end(dn));
  const std::size_t equals = component.find('=');
  if (equals != std::string_view::npos) component.remove_prefix(equals + 1);
  std::string value;
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '\\' && i + 1 < component.size()) {
      const int high = hex_digit(component[i + 1]);
      const int low = i + 2 < component.size() ? hex_digit(component[i + 2]) : -1;
      if (high >= 0 && low >= 0) {
        value += static_cast<char>(high * 16 + low);
        i += 2;
      } else {
        value += component[++i];
      }
    } else {
      value += component[i];
    }
  }
  return value;
}

std::string dns_domain(std::string_view dn) {
  std::string name;
  for (; !dn.empty(); dn = parent_dn(dn)) {
    if (dn.size() > 3 && equal_ascii_nocase(dn.substr(0, 3), "DC=")) {
      if (!name.empty()) name += '.';
      name += first_rdn_value(dn);
    } else {
      name.clear();
    }
  }
  return name;
}

}  // namespace tierline::directory
