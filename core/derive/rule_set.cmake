# Writes the header OUT with a name for the rules of derivation: a hash of all sources in ROOT that decide what graph is
# derived from a snapshot, so that a graph that was kept is not taken for one of other rules.
set(hashes "")
foreach(room IN ITEMS derive directory graph knowledge snapshot)
  file(GLOB_RECURSE sources LIST_DIRECTORIES false ${ROOT}/${room}/*.h ${ROOT}/${room}/*.cc)
  list(SORT sources)
  foreach(source IN LISTS sources)
    file(SHA256 ${source} hash)
    string(APPEND hashes ${hash})
  endforeach()
endforeach()
string(SHA256 all "${hashes}")
string(SUBSTRING ${all} 0 32 name)
file(WRITE ${OUT} "#pragma once\n\nnamespace tierline::derive {\n\ninline constexpr char kRuleSet[] = \"${name}\";\n\n}  // namespace tierline::derive\n")
