// tierline_verdicts SNAP: for each line "PRINCIPAL_DN<TAB>OBJECT_DN" on stdin one line of JSON with the attributes
// that the principal may write, the classes it may create below and its rights as "NAME" or "NAME GUID". For tests against a domain controller.

#include <cstdio>
#include <iostream>
#include <string>
#include <unordered_map>

#include "core/derive/effective_rights.h"
#include "viewer/export/json.h"

int main(int argc, char** argv) {
  using namespace tierline;
  if (argc != 2) return 64;
  const auto opened = snapshot::Snapshot::open(argv[1]);
  if (!opened) {
    std::cerr << opened.error().describe() << '\n';
    return 65;
  }
  std::unordered_map<std::string, snapshot::ObjectIndex> by_dn;
  for (snapshot::ObjectIndex i = 0; i < opened->object_count(); ++i) {
    by_dn.emplace(std::string(opened->object(i).dn()), i);
  }
  derive::EffectiveRights rights(*opened);
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t tab = line.find('\t');
    const auto principal = by_dn.find(line.substr(0, tab));
    const auto object = tab == std::string::npos ? by_dn.end() : by_dn.find(line.substr(tab + 1));
    if (principal == by_dn.end() || object == by_dn.end()) {
      std::cerr << "no such pair: " << line << '\n';
      return 65;
    }
    const auto writes = rights.writable_attributes(principal->second, object->second);
    const auto creates = rights.creatable_classes(principal->second, object->second);
    const auto all = rights.of({.object = principal->second}, object->second);
    if (!writes || !creates || !all) {
      std::cerr << (writes ? all.error() : writes.error()).describe() << '\n';
      return 65;
    }
    viewer::JsonWriter json;
    json.begin_object().key("writes").begin_array();
    for (const std::string& name : *writes) json.text(name);
    json.end_array().key("creates").begin_array();
    for (const std::string& name : *creates) json.text(name);
    json.end_array().key("rights").begin_array();
    for (const derive::EffectiveRight& right : *all) {
      json.text(right.right + (right.object_type ? " " + right.object_type->to_string() : ""));
    }
    json.end_array().end_object();
    std::cout << json.take() << '\n';
  }
  return 0;
}
