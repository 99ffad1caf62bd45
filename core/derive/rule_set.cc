#include "core/derive/rule_set.h"

#include "core/derive/rule_set_name.h"

namespace tierline::derive {

std::string_view rule_set() { return kRuleSet; }

}  // namespace tierline::derive
