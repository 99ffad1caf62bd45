#include "core/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace tierline {
namespace {

Error system_error(ErrorCode code, std::string_view what, const std::string& path) {
  const int number = errno;
  return Error{code, std::string(what) + ": " + std::strerror(number), path};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// For mkostemp(3); beside the destination, as a rename must stay within one file system.
std::string temporary_name(const std::string& path) { return folder_of(path) + "/.tierline-XXXXXX"; }

Status write_all(int fd, ByteSpan bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error(ErrorCode::Io, "cannot write", path);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

/// A descriptor of a regular file, for reading.
Result<int> open_regular(const std::string& path, struct stat& info) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error(ErrorCode::NoInput, "cannot open", path);
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return fd;
  ::close(fd);
  return Error{ErrorCode::NoInput, "not a regular file", path};
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path) {
  struct stat info = {};
  const Result<int> opened = open_regular(path, info);
  if (!opened) return opened.error();
  return map(*opened, info, path);
}

Result<MappedFile> MappedFile::in_memory(const std::function<Status(const Write& write)>& fill) {
  const std::string name = "memory";
  const int fd = ::memfd_create(name.c_str(), MFD_CLOEXEC);
  if (fd < 0) return system_error(ErrorCode::Io, "cannot create", name);
  Status status = fill([&](ByteSpan bytes) { return write_all(fd, bytes, name); });
  struct stat info = {};
  if (status && ::fstat(fd, &info) != 0) status = system_error(ErrorCode::Io, "cannot look at", name);
  if (!status) {
    ::close(fd);
    return std::move(status).error();
  }
  return map(fd, info, name);
}

Result<MappedFile> MappedFile::map(int fd, const struct stat& info, const std::string& path) {
  MappedFile file;
  file.owner_ = info.st_uid;
  file.mode_ = info.st_mode;
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size > 0) {
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (address == MAP_FAILED) {
      Error error = system_error(ErrorCode::Io, "cannot map", path);
      ::close(fd);
      return error;
    }
    file.bytes_ = {static_cast<const std::uint8_t*>(address), size};
  }
  ::close(fd);
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), owner_(other.owner_), mode_(other.mode_) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(owner_, other.owner_);
  std::swap(mode_, other.mode_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

Result<FileReader> FileReader::open(const std::string& path) {
  struct stat info = {};
  const Result<int> opened = open_regular(path, info);
  if (!opened) return opened.error();
  FileReader reader;
  reader.path_ = path;
  reader.fd_ = *opened;
  return reader;
}

FileReader::FileReader(FileReader&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

FileReader::~FileReader() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> FileReader::read(std::span<std::uint8_t> place) {
  while (true) {
    const ssize_t count = ::read(fd_, place.data(), place.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return system_error(ErrorCode::Io, "cannot read", path_);
  }
}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  struct stat info = {};
  AtomicFile file;
  file.path_ = path;
  if (::stat(path.c_str(), &info) == 0) {
    // A rename would replace a pipe or device by a file, and a link instead of what it points to.
    if (!S_ISREG(info.st_mode)) return Error{ErrorCode::CannotCreate, "is no regular file", path};
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    if (real == nullptr) return system_error(ErrorCode::CannotCreate, "cannot find", path);
    file.path_ = real.get();
  } else if (::lstat(path.c_str(), &info) == 0) {
    return Error{ErrorCode::CannotCreate, "is a link that leads nowhere", path};
  }
  // A file without a name disappears by itself when the process is killed.
  file.fd_ = ::open(folder_of(file.path_).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file.fd_ >= 0) return file;
  // Not every file system has such files. mkostemp creates with O_EXCL and mode 0600, so nobody else can read
  // or replace the half-made file.
  file.temporary_ = temporary_name(file.path_);
  file.fd_ = ::mkostemp(file.temporary_.data(), O_CLOEXEC);
  if (file.fd_ < 0) {
    file.temporary_.clear();
    return system_error(ErrorCode::CannotCreate, "cannot create", path);
  }
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)) {}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status AtomicFile::write(ByteSpan bytes) { return write_all(fd_, bytes, path_); }

// linkat(2) does not replace a file, so the name it gives is a temporary one that commit() renames.
Status AtomicFile::give_name() {
  const std::string source = "/proc/self/fd/" + std::to_string(fd_);
  for (unsigned attempt = 0; attempt < 100; ++attempt) {
    std::string name =
        folder_of(path_) + "/.tierline-" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
    if (::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = std::move(name);
      return {};
    }
    if (errno != EEXIST) break;
  }
  return system_error(ErrorCode::Io, "cannot name", path_);
}

Status AtomicFile::commit() {
  if (::fsync(fd_) != 0) return system_error(ErrorCode::Io, "cannot sync", path_);
  if (temporary_.empty()) {
    if (Status status = give_name(); !status) return status;
  }
  if (::close(std::exchange(fd_, -1)) != 0) return system_error(ErrorCode::Io, "cannot close", path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return system_error(ErrorCode::Io, "cannot rename onto", path_);
  }
  temporary_.clear();
  // The rename itself must survive a power cut too; a file system that cannot sync a folder has none to lose.
  const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

}  // namespace tierline
