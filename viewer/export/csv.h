#pragma once

// Comma-separated values, RFC 4180, that need not be taken for formulas.

#include <initializer_list>
#include <string>
#include <string_view>

namespace tierline::viewer {

/// Who is going to read it.
enum class CsvReader { Spreadsheet, Program };

/// One record with its line end. Every field is quoted. For a spreadsheet, one that begins with a character that
/// it takes for the start of a formula gets an apostrophe before it, as names come from whoever made the object.
std::string csv_line(std::initializer_list<std::string_view> fields,
                     CsvReader reader = CsvReader::Spreadsheet);

}  // namespace tierline::viewer
