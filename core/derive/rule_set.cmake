# Writes the header OUT with a name for the rules of derivation: a hash of the files SOURCES (paths, with | between them), so that
# a graph that was kept is not taken for one that these sources make.
set(hashes "")
string(REPLACE "|" ";" sources "${SOURCES}")
list(SORT sources)
foreach(source IN LISTS sources)
  file(SHA256 ${source} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 all "${hashes}")
string(SUBSTRING ${all} 0 32 name)
file(WRITE ${OUT} "#pragma once\n\nnamespace tierline::derive {\n\ninline constexpr char kRuleSet[] = \"${name}\";\n\n}  // namespace tierline::derive\n")
