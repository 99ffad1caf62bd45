#include "viewer/export/html.h"

#include <openssl/evp.h>

#include <array>

#include "viewer/export/web_assets.h"

namespace tierline::viewer {
namespace {

// "sha256-" and the hash in base64, as a content security policy names a source.
std::string policy_hash(std::string_view source) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned size = 0;
  EVP_Digest(source.data(), source.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::array<unsigned char, std::size_t{2}* EVP_MAX_MD_SIZE> text = {};
  const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
  return "sha256-" + std::string(text.begin(), text.begin() + length);
}

// JSON inside a script element: nothing in it may end the element or begin a comment, and line separators
// must not end a line. All of these occur only inside strings, where JSON has another spelling for them.
std::string escape_for_script(std::string_view json) {
  std::string escaped;
  escaped.reserve(json.size() + json.size() / 16);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '<') {
      escaped += "\\u003c";
    } else if (c == '>') {
      escaped += "\\u003e";
    } else if (c == '&') {
      escaped += "\\u0026";
    } else if (json.substr(i, 3) == "\xE2\x80\xA8" || json.substr(i, 3) == "\xE2\x80\xA9") {
      escaped += json[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string html_report(std::string_view report_json) {
  std::string page = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '";
  page += policy_hash(web_script());
  page += "'; style-src '";
  page += policy_hash(web_style());
  page +=
      "'; img-src 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
      "trusted-types 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<title>Tierline</title>\n<style>";
  page += web_style();
  page +=
      "</style>\n</head>\n<body>\n<noscript>This page draws attack paths and needs its own script to run; "
      "nothing is loaded from anywhere.</noscript>\n<script type=\"application/json\" id=\"report\">";
  page += escape_for_script(report_json);
  page += "</script>\n<script>";
  page += web_script();
  page += "</script>\n</body>\n</html>\n";
  return page;
}

}  // namespace tierline::viewer
