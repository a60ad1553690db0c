#include "bufgc/buffer/buffer_observer.hpp"
#include "trace/text_output.hpp"
#include "trace/writers.hpp"

namespace bufgc::trace {

bool write_csv(const Lifecycles& lifecycles, Sink& sink) {
  TextOutput out(sink);
  out << "time,op,id,size\n";
  for (std::size_t event = 0; event < lifecycles.event_count() && out.good(); ++event) {
    const Lifecycles::EventKind kind = lifecycles.event_kind[event];
    if (kind != Lifecycles::EventKind::alloc && kind != Lifecycles::EventKind::free) continue;
    // The form knows bytes only: views hold none, and external memory is not bufgc's.
    const std::uint32_t row = lifecycles.event_row[event];
    if (lifecycles.kind[row] != static_cast<std::uint8_t>(BufferKind::owned)) continue;
    out << lifecycles.event_time_ns[event] << (kind == Lifecycles::EventKind::alloc ? ",a," : ",f,")
        << lifecycles.id[row] << ',' << lifecycles.size_bytes[row] << '\n';
  }
  return out.flush();
}

}  // namespace bufgc::trace
