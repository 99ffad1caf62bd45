#pragma once

// Which object classes make which kind of node, [MS-ADSC].

#include <span>
#include <string_view>

#include "core/knowledge/node_kinds.h"

namespace tierline::knowledge {

struct ClassKind {
  std::string_view object_class;
  NodeKind kind;
  /// For classes whose objects differ by place only: a component that the DN must hold, without case.
  std::string_view under = {};
};

/// In order: an object is of the first kind whose class is among its objectClass values.
std::span<const ClassKind> class_kinds();

}  // namespace tierline::knowledge
