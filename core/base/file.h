#pragma once

// Files: reading by mapping, writing so that a reader sees the old file or the new one, never half.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

struct stat;  // of <sys/stat.h>

namespace tierline {

/// A whole file mapped for reading. Movable; unmaps when destroyed.
class MappedFile {
 public:
  /// Errors: NoInput when `path` cannot be opened or is no regular file, Io when it cannot be mapped.
  static Result<MappedFile> open(const std::string& path);

  /// A file that is in memory only and of which nobody else knows, filled by `fill`, which is given what to write with.
  /// Errors: Io; those of `fill`.
  using Write = std::function<Status(ByteSpan bytes)>;
  static Result<MappedFile> in_memory(const std::function<Status(const Write& write)>& fill);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  ByteSpan bytes() const noexcept { return bytes_; }

  // Of the file that is mapped, as they were when it was opened, whatever has its name by now.
  uid_t owner() const noexcept { return owner_; }
  mode_t mode() const noexcept { return mode_; }

 private:
  MappedFile() = default;
  /// Closes `fd`.
  static Result<MappedFile> map(int fd, const struct stat& info, const std::string& path);
  ByteSpan bytes_;
  uid_t owner_ = 0;
  mode_t mode_ = 0;
};

/// A file read from its beginning to its end, of which only a piece is in memory. Movable.
class FileReader {
 public:
  /// Errors: as MappedFile::open().
  static Result<FileReader> open(const std::string& path);

  FileReader(FileReader&& other) noexcept;
  FileReader& operator=(FileReader&&) = delete;
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;
  ~FileReader();

  /// How many bytes of `place` the file has filled; 0 at its end. Errors: Io.
  Result<std::size_t> read(std::span<std::uint8_t> place);

 private:
  FileReader() = default;
  std::string path_;
  int fd_ = -1;
};

/// Writes a file out of sight beside its destination, mode 0600, and moves it there when it is complete and
/// synced. Destroyed without commit(), or killed before, it leaves nothing behind.
class AtomicFile {
 public:
  /// A link is followed. Errors: CannotCreate when the folder does not exist or cannot be written, or when
  /// something other than a regular file has the name.
  static Result<AtomicFile> create(const std::string& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// Errors: Io (disk full, quota, device).
  Status write(ByteSpan bytes);
  Status write(std::string_view text) { return write(as_bytes(text)); }

  /// Syncs, renames onto the destination and syncs the folder. Errors: Io.
  Status commit();

 private:
  AtomicFile() = default;
  Status give_name();
  std::string path_;
  std::string temporary_;  ///< empty while the file has no name
  int fd_ = -1;
};

}  // namespace tierline
