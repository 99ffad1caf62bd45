// What deriving a graph costs, and what it grows with: users in the bundled real directory's domain, whose
// descriptors are the default of class user with one more entry each, shared as in a real forest. A descriptor is
// evaluated once for each class, so time should follow the distinct descriptors, and the objects only as far as
// edges are written down for them.

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "collectors/importers.h"
#include "core/derive/derive.h"
#include "core/directory/sddl.h"
#include "core/snapshot/builder.h"
#include "tests/bench/measure.h"

namespace tierline {
namespace {

using bench::median_of_rounds;
using bench::must;
using directory::AttributeSyntax;
using directory::Sid;

constexpr int kRounds = 5;

struct Measured {
  double derive = 0;  ///< seconds
  double open = 0;    ///< seconds: every byte read once, against its checksum
  std::size_t edges = 0;
};

/// The bundled directory and `objects` users besides, with `distinct` descriptors among them.
Measured measure(std::size_t objects, std::size_t distinct) {
  const auto file =
      std::filesystem::temp_directory_path() / ("tierline-bench-" + std::to_string(::getpid()) + ".snap");
  const std::string path = file.string();
  const auto domain = Sid::parse("S-1-5-21-2018156605-3479576465-3716879092");
  {
    snapshot::Builder builder;
    snapshot::Provenance provenance;
    must(collectors::import_file(TIERLINE_SOURCE_DIR "/fixtures/directories/detectionlab/detectionlab.dat",
                                 builder, provenance));
    const auto id = [&](const char* name, AttributeSyntax syntax) { return builder.attribute(name, syntax); };
    const auto guid = id("objectGUID", AttributeSyntax::Guid);
    const auto sid = id("objectSid", AttributeSyntax::Sid);
    const auto dn = id("distinguishedName", AttributeSyntax::DistinguishedName);
    const auto object_class = id("objectClass", AttributeSyntax::Text);
    const auto control = id("userAccountControl", AttributeSyntax::Text);
    for (std::size_t number = 0; number < objects; ++number) {
      builder.begin_object();
      std::string unique(16, '\xee');
      for (std::size_t i = 0; i < 8; ++i) unique[i] = static_cast<char>(number >> (8 * i));
      builder.value(guid, unique);
      builder.value(sid, domain->with_rid(static_cast<std::uint32_t>(100'000 + number)).to_bytes());
      builder.value(dn, "CN=u" + std::to_string(number) + ",CN=Users,DC=windomain,DC=local");
      for (const char* name : {"top", "person", "organizationalPerson", "user"}) {
        builder.value(object_class, std::string_view(name));
      }
      builder.value(control, std::string_view("512"));
      // Besides the default of the class, someone may reset the password.
      const std::string list =
          "O:DAG:DAD:AI(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;" +
          domain->with_rid(static_cast<std::uint32_t>(100'000 + number % distinct)).to_string() +
          ")(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)"
          "(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;AO)(A;;RPLCLORC;;;PS)(OA;;CR;ab721a53-1e2f-11d0-9819-"
          "00aa0040529b;;PS)"
          "(OA;;CR;ab721a54-1e2f-11d0-9819-00aa0040529b;;PS)(OA;;CR;ab721a56-1e2f-11d0-9819-00aa0040529b;;PS)"
          "(OA;;RPWP;77B5B886-944A-11d1-AEBD-0000F80367C1;;PS)(OA;;RPWP;E45795B2-9455-11d1-AEBD-0000F80367C1;"
          ";PS)"
          "(OA;;RPWP;E45795B3-9455-11d1-AEBD-0000F80367C1;;PS)(OA;;RP;037088f8-0ae1-11d2-b422-00a0c968f939;;"
          "RS)"
          "(OA;;RP;4c164200-20c0-11d0-a768-00aa006e0529;;RS)(OA;;RP;bc0ac240-79a9-11d0-9020-00c04fc2d4cf;;RS)"
          "(A;;RC;;;AU)(OA;;RP;59ba2f42-79a2-11d0-9020-00c04fc2d3cf;;AU)"
          "(OA;;RP;77B5B886-944A-11d1-AEBD-0000F80367C1;;AU)(OA;;RP;E45795B3-9455-11d1-AEBD-0000F80367C1;;AU)"
          "(OA;;RP;e48d0154-bcf8-11d1-8702-00c04fb96050;;AU)(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)"
          "(OA;;RP;5f202010-79a5-11d0-9020-00c04fc2d4cf;;RS)(OA;;RPWP;bf967a7f-0de6-11d0-a285-00aa003049e2;;"
          "CA)";
      builder.descriptor(as_bytes(must(directory::parse_sddl(list, domain))));
      builder.end_object();
    }
    must(builder.write(path, provenance));
  }
  Measured measured;
  measured.open = median_of_rounds(kRounds, [&] { must(snapshot::Snapshot::open(path)); });
  const snapshot::Snapshot snapshot = must(snapshot::Snapshot::open(path));
  std::filesystem::remove(file);
  measured.derive = median_of_rounds(kRounds, [&] {
    const derive::Derived derived = derive::derive(snapshot);
    measured.edges = derived.graph.edge_count();
  });
  return measured;
}

void print(const char* what, const Measured& measured) {
  std::printf("%-48s %9zu edges  derived in %6.3f s, %5.1f x opening\n", what, measured.edges,
              measured.derive, measured.derive / measured.open);
}

int run() {
  constexpr std::size_t kObjects = 20'000;
  constexpr std::size_t kDistinct = 500;
  constexpr std::size_t kTimes = 10;
  measure(kObjects, kDistinct);  // warms the caches
  const Measured base = measure(kObjects, kDistinct);
  const Measured objects = measure(kTimes * kObjects, kDistinct);
  const Measured distinct = measure(kObjects, kTimes * kDistinct);
  print("20,000 users, 500 distinct descriptors", base);
  print("10 x the users, the same descriptors", objects);
  print("the same users, 10 x the descriptors", distinct);
  const double per_descriptor = (distinct.derive - base.derive) / ((kTimes - 1) * kDistinct);
  const double per_object = (objects.derive - base.derive) / ((kTimes - 1) * kObjects);
  std::printf("a further descriptor / a further object with a known one: %.1f  (%.2f us / %.2f us)\n",
              per_descriptor / per_object, per_descriptor * 1e6, per_object * 1e6);
  std::printf("descriptors evaluated: %.0f /s; edges written: %.0f /s\n", 1 / per_descriptor,
              static_cast<double>(objects.edges - base.edges) / (objects.derive - base.derive));
  return 0;
}

}  // namespace
}  // namespace tierline

int main() { return tierline::run(); }
