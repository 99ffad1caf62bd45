#include "viewer/export/csv.h"

#include "core/base/text.h"

namespace tierline::viewer {

std::string csv_line(std::initializer_list<std::string_view> fields, CsvReader reader) {
  std::string line;
  for (const std::string_view field : fields) {
    if (!line.empty()) line += ',';
    const std::string text = visible(field);
    line += '"';
    const bool is_formula =
        !text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos;
    if (is_formula && reader == CsvReader::Spreadsheet) line += '\'';
    for (const char c : text) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  return line + "\r\n";
}

}  // namespace tierline::viewer
