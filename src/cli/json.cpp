#include "json.hpp"

#include <cstdio>

#include "table.hpp"

namespace bufgc::cli {

void JsonTraces::begin(std::string_view path) {
  out_ << (any_ ? ",\n{\"trace\":" : "{\"trace\":");
  out_.quoted(path);
  any_ = true;
}

void JsonTraces::add(std::string_view name, std::uint64_t value) {
  out_ << ",\"" << name << "\":" << value;
}

void JsonTraces::add(std::string_view name, double value) {
  out_ << ",\"" << name << "\":" << fixed(value, 6);
}

void JsonTraces::add(const timeline::Summary& figures) {
#define BUFGC_X(name) add(#name, figures.name);
  BUFGC_SUMMARY(BUFGC_X)
#undef BUFGC_X
}

void JsonTraces::add_skipped(const Lifecycles& lifecycles) {
  if (lifecycles.skipped_events == 0) return;
  constexpr std::string_view names[] = {
#define BUFGC_X(name, meaning) #name,
      BUFGC_SKIP_REASONS(BUFGC_X)
#undef BUFGC_X
  };
  out_ << ",\"skipped\":{";
  bool first = true;
  for (std::size_t reason = 0; reason < skip_reason_count; ++reason) {
    const std::uint64_t count = lifecycles.skipped_by_reason[reason];
    if (count == 0) continue;
    out_ << (first ? "\"" : ",\"") << names[reason] << "\":" << count;
    first = false;
  }
  out_ << '}';
}

void JsonTraces::end() {
  out_ << '}';
}

void JsonTraces::print() {
  out_.flush();
  std::printf("{\"traces\":[%s]}\n", sink_.text.c_str());
}

}  // namespace bufgc::cli
