#pragma once

// Comma-separated values, RFC 4180, that a spreadsheet does not take for formulas.

#include <initializer_list>
#include <string>
#include <string_view>

namespace tierline::viewer {

/// One record with its line end. Every field is quoted; one that begins with a character that spreadsheets
/// treat as the start of a formula gets an apostrophe before it, as names come from whoever made the object.
std::string csv_line(std::initializer_list<std::string_view> fields);

}  // namespace tierline::viewer
