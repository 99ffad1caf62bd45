#pragma once

// The JSON documents of a collection: members of a ZIP archive, files of a folder, or a single file. Nothing is ever
// written to disk.

#include <functional>
#include <string>

#include "collectors/bloodhound/json.h"

namespace tierline::collectors {

/// One document, or why it cannot be read.
struct Document {
  std::string name;      ///< of the file, without folders
  json::Source* source;  ///< valid during the call; null when there is an error
  Error error;
};

/// Called for each document in order of the archive, or of the names in a folder. An error ends the reading.
using DocumentReader = std::function<Status(Document document)>;

/// Members of an archive that are no JSON are passed over; those that lead outside, are links, are encrypted or
/// cannot be unpacked are handed over with an error. Errors: NoInput, Io; BadData for an archive that is damaged,
/// holds more than 10,000 members, or unpacks to more than 256 times its size and 64 MiB; those of `reader`.
Status for_each_document(const std::string& path, const DocumentReader& reader);

}  // namespace tierline::collectors
