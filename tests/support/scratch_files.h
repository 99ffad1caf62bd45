#pragma once

// Files of a test, in a folder of its own process.

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tierline {

/// The path of a file by this name; nothing is there at first.
inline std::string scratch(const std::string& name) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("tierline-unit-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  return (folder / name).string();
}

inline std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_all(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace tierline
