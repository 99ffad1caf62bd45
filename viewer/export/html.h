#pragma once

// One self-contained page that opens from disk, without any network.

#include <string>
#include <string_view>

namespace tierline::viewer {

/// The page around a report (report_json.h). Its content security policy allows just the one script and
/// the one style that it carries, by their hashes, and no request of any kind.
std::string html_report(std::string_view report_json);

}  // namespace tierline::viewer
