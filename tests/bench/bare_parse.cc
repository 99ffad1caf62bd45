// The measure for importing JSON: RapidJSON reads the file named on the command line, checks that it is UTF-8, and
// nothing is made of it.

#include <rapidjson/filereadstream.h>
#include <rapidjson/reader.h>

#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
  std::FILE* const file = argc == 2 ? std::fopen(argv[1], "rb") : nullptr;
  if (file == nullptr) return 66;
  std::vector<char> piece(1u << 16);
  rapidjson::FileReadStream stream(file, piece.data(), piece.size());
  rapidjson::BaseReaderHandler<> handler;
  rapidjson::Reader reader;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseValidateEncodingFlag;
  const bool ok = !reader.Parse<kFlags>(stream, handler).IsError();
  std::fclose(file);
  return ok ? 0 : 65;
}
