#include "collectors/bloodhound/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

#include "core/base/file.h"
#include "core/base/text.h"

namespace tierline::collectors {
namespace {

constexpr std::size_t kMaxMembers = 10'000;
constexpr std::uint64_t kMaxRatio = 256;  // collections shrink to a twentieth; deflate can reach 1,032
constexpr std::uint64_t kAlwaysAllowed = 64u << 20;  // a small archive of repetitive JSON is no bomb

bool is_json(std::string_view name) {
  return name.size() >= 5 && equal_ascii_nocase(name.substr(name.size() - 5), ".json");
}

constexpr std::size_t kPiece = 256u << 10;

class FileSource : public json::Source {
 public:
  explicit FileSource(FileReader file) : file_(std::move(file)) {}

  Result<ByteSpan> next() override {
    const Result<std::size_t> count = file_.read(buffer_);
    if (!count) return count.error();
    return ByteSpan(buffer_.data(), *count);
  }

 private:
  FileReader file_;
  std::array<std::uint8_t, kPiece> buffer_;
};

struct ArchiveCloser {
  void operator()(archive* opened) const { archive_read_free(opened); }
};

/// The member that the archive stands at.
class MemberSource : public json::Source {
 public:
  MemberSource(archive* opened, std::uint64_t& allowed) : archive_(opened), allowed_(allowed) {}

  Result<ByteSpan> next() override {
    const la_ssize_t size = archive_read_data(archive_, buffer_.data(), buffer_.size());
    if (size < 0) {
      const char* const why = archive_error_string(archive_);
      return Error{ErrorCode::BadData, std::string("ZIP: ") + (why == nullptr ? "damaged" : why)};
    }
    const auto count = static_cast<std::size_t>(size);
    if (count > allowed_) {
      exceeded_ = true;
      return Error{ErrorCode::BadData, "ZIP: it unpacks to more than a collection of its size can hold"};
    }
    allowed_ -= count;
    return ByteSpan(buffer_.data(), count);
  }

  bool exceeded() const { return exceeded_; }

 private:
  archive* archive_;
  std::uint64_t& allowed_;
  bool exceeded_ = false;
  std::array<std::uint8_t, kPiece> buffer_;
};

/// Why a member is not to be read, or nothing.
std::string objection_to(archive_entry* entry, const std::string& name) {
  if (archive_entry_filetype(entry) != AE_IFREG) return "ZIP: it is no regular file";
  if (archive_entry_is_encrypted(entry) != 0) return "ZIP: it is encrypted";
  const std::filesystem::path path(name);
  const bool has_drive = name.size() > 1 && name[1] == ':';
  const bool leads_outside = path.is_absolute() || has_drive || name.find('\\') != std::string::npos ||
                             std::find(path.begin(), path.end(), "..") != path.end();
  return leads_outside ? "ZIP: its name leads outside the archive" : "";
}

Status read_archive(const std::string& path, std::uint64_t size, const DocumentReader& reader) {
  const std::unique_ptr<archive, ArchiveCloser> opened(archive_read_new());
  if (opened == nullptr) return Error{ErrorCode::Internal, "out of memory"};
  archive_read_support_format_zip_seekable(opened.get());
  const auto damaged = [&]() -> Error {
    const char* const why = archive_error_string(opened.get());
    return {ErrorCode::BadData, std::string("ZIP: ") + (why == nullptr ? "damaged" : why), path};
  };
  if (archive_read_open_filename(opened.get(), path.c_str(), 64u << 10) != ARCHIVE_OK) return damaged();
  std::uint64_t allowed = kAlwaysAllowed + size * kMaxRatio;
  for (std::size_t members = 0;; ++members) {
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(opened.get(), &entry);
    if (code == ARCHIVE_EOF) return {};
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return damaged();
    if (members == kMaxMembers) return Error{ErrorCode::BadData, "ZIP: too many members", path};
    const char* const raw = archive_entry_pathname(entry);
    const std::string name = raw == nullptr ? "" : raw;
    if (!is_json(name)) continue;
    MemberSource source(opened.get(), allowed);
    Document document = {.name = std::filesystem::path(name).filename(), .source = &source, .error = {}};
    if (const std::string objection = objection_to(entry, name); !objection.empty()) {
      document.source = nullptr;
      document.error = {ErrorCode::BadData, objection, visible(name)};
    }
    if (Status status = reader(std::move(document)); !status) return status;
    if (source.exceeded()) {
      return Error{ErrorCode::BadData, "ZIP: it unpacks to more than a collection of its size can hold",
                   path};
    }
  }
}

Status read_file(const std::string& path, const DocumentReader& reader) {
  Result<FileReader> file = FileReader::open(path);
  if (!file) return std::move(file).error();
  FileSource source(*std::move(file));
  return reader({.name = std::filesystem::path(path).filename(), .source = &source, .error = {}});
}

Status read_folder(const std::string& path, const DocumentReader& reader) {
  std::vector<std::string> names;
  std::error_code failed;
  for (std::filesystem::directory_iterator place(path, failed), end; !failed && place != end;
       place.increment(failed)) {
    if (is_json(place->path().filename().string())) names.push_back(place->path().string());
  }
  if (failed) return Error{ErrorCode::NoInput, failed.message(), path};
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (Status status = read_file(name, reader); !status) return status;
  }
  return {};
}

}  // namespace

Status for_each_document(const std::string& path, const DocumentReader& reader) {
  if (std::filesystem::is_directory(path)) return read_folder(path, reader);
  std::uint64_t size = 0;
  {
    const Result<MappedFile> file = MappedFile::open(path);
    if (!file) return file.error();
    if (!as_text(file->bytes()).starts_with("PK")) return read_file(path, reader);
    size = file->bytes().size();
  }
  return read_archive(path, size, reader);
}

}  // namespace tierline::collectors
