#pragma once

// The page's script and style, built from viewer/web and carried inside the program.

#include <string_view>

namespace tierline::viewer {

std::string_view web_script();
std::string_view web_style();

}  // namespace tierline::viewer
