#include "viewer/export/json.h"

#include <ctime>

#include "core/base/text.h"

namespace tierline::viewer {
namespace {

void write_time(JsonWriter& json, std::int64_t seconds) {
  if (seconds == 0) {
    json.null();
  } else {
    json.text(utc_time(seconds));
  }
}

}  // namespace

std::string utc_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts = {};
  char text[32] = {};
  if (::gmtime_r(&time, &parts) == nullptr) return {};
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  if (is_utf8(value)) {
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  } else {
    const std::string shown = visible(value);
    writer_.String(shown.data(), static_cast<rapidjson::SizeType>(shown.size()));
  }
  return *this;
}

std::string JsonWriter::take() { return {buffer_.GetString(), buffer_.GetSize()}; }

void begin_answer(JsonWriter& json, std::string_view command) {
  json.begin_object();
  json.key("schema").text("tierline." + std::string(command));
  json.key("schema_version").number(std::uint32_t{1});
}

void write_coverage(JsonWriter& json, const snapshot::Meta& meta) {
  json.key("coverage").begin_object();
  json.key("complete").boolean(meta.is_complete());
  json.key("areas").begin_array();
  for (const snapshot::Area& area : meta.coverage) {
    json.begin_object();
    json.key("area").text(area.area);
    json.key("domain").text(area.domain);
    json.key("asked").boolean(area.asked);
    json.key("read").number(area.read);
    json.key("missing").number(area.missing);
    json.key("reason");
    if (area.reason.empty()) {
      json.null();
    } else {
      json.text(area.reason);
    }
    json.end_object();
  }
  json.end_array().end_object();
}

void write_provenance(JsonWriter& json, const snapshot::Provenance& provenance) {
  json.key("provenance").begin_object();
  json.key("tool").text(provenance.tool);
  json.key("tool_version").text(provenance.tool_version);
  json.key("source").text(provenance.source);
  json.key("server").text(provenance.server);
  json.key("reader").text(provenance.reader);
  write_time(json.key("started"), provenance.started);
  write_time(json.key("finished"), provenance.finished);
  json.key("highest_usn").number(provenance.highest_usn);
  json.end_object();
}

}  // namespace tierline::viewer
