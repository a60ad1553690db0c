#include <deque>

#include "trace/line_reader.hpp"
#include "trace/names.hpp"
#include "trace/ndjson_line.hpp"
#include "trace/utf8.hpp"

namespace bufgc::trace {
namespace {

using EventKind = Lifecycles::EventKind;

/// Where tinygrad's words differ from ours. What its `host` buffers do never passed its cache.
std::uint8_t place_of(std::string_view word) {
  if (word == "lru_hit" || word == "lru") return static_cast<std::uint8_t>(ServedBy::cache);
  if (word == "os") return static_cast<std::uint8_t>(ServedBy::source);
  return number_of(word, place_names);
}

class NdjsonReader final : public LineReader {
 private:
  bool line(std::string_view text) override {
    if (!fields_.parse(text)) return fail(fields_.syntax_error());
    repaired_.clear();
    if (!fields_.has(Field::op)) {
      if (fields_.wrong(Field::op)) return complain(Field::op);
      builder_.skip(SkipReason::unknown_op);
      return true;
    }
    const std::string_view op = fields_.text(Field::op);
    if (op == "folded") return folded();
    const std::uint8_t kind = number_of(op, op_names);
    if (kind == Lifecycles::unknown) {
      builder_.skip(SkipReason::unknown_op);
      return true;
    }
    if (!need(Field::t)) return false;
    record_ = {};
    record_.time_ns = fields_.time_ns();
    record_.kind = static_cast<EventKind>(kind);
    if (!event()) return false;
    if (!advance(record_.time_ns, "t")) return false;
    builder_.add(record_);
    return true;
  }

  /// The fields that the event's kind has, into the record.
  bool event() {
    switch (record_.kind) {
      case EventKind::alloc:
        return birth();
      case EventKind::free:
        if (!need(Field::id) || !good(Field::cause) || !good(Field::to)) return false;
        record_.id = fields_.number(Field::id);
        record_.cause = number_of(fields_.text(Field::cause), cause_names);
        record_.freed_to = place_of(fields_.text(Field::to));
        return true;
      case EventKind::use:
        if (!good(Field::kernel) || !need(Field::bufs)) return false;
        record_.name = text(Field::kernel);
        record_.uses = fields_.uses();
        return true;
      case EventKind::mark:
        if (!need(Field::name)) return false;
        record_.name = text(Field::name);
        return true;
      case EventKind::reserve:
      case EventKind::release:
        if (!need(Field::addr) || !need(Field::size)) return false;
        record_.address = fields_.number(Field::addr);
        record_.size_bytes = fields_.number(Field::size);
        return true;
      case EventKind::link:
      case EventKind::unlink:
        if (!need(Field::holder) || !need(Field::held)) return false;
        record_.id = fields_.number(Field::holder);
        record_.held_id = fields_.number(Field::held);
        return true;
      case EventKind::move:
        if (!need(Field::id) || !need(Field::from) || !need(Field::addr)) return false;
        record_.id = fields_.number(Field::id);
        record_.from_address = fields_.number(Field::from);
        record_.address = fields_.number(Field::addr);
        return true;
    }
    return false;
  }

  bool birth() {
    if (!need(Field::id) || !need(Field::size)) return false;
    for (const Field field : {Field::addr, Field::base, Field::capacity, Field::dtype, Field::kind,
                              Field::label, Field::shape, Field::site, Field::src, Field::thread})
      if (!good(field)) return false;
    record_.id = fields_.number(Field::id);
    record_.size_bytes = fields_.number(Field::size);
    record_.capacity_bytes = fields_.number(fields_.has(Field::capacity) ? Field::capacity : Field::size);
    if (fields_.has(Field::addr)) record_.address = fields_.number(Field::addr);
    record_.has_base = fields_.has(Field::base);
    record_.base_id = fields_.number(Field::base);
    record_.name = text(Field::label);
    record_.dtype = text(Field::dtype);
    record_.shape = text(Field::shape);
    record_.site = text(Field::site);
    record_.thread = text(Field::thread);
    record_.served_by = place_of(fields_.text(Field::src));
    const std::uint8_t kind = number_of(fields_.text(Field::kind), kind_names);
    record_.buffer_kind = kind == Lifecycles::unknown ? std::uint8_t{0} : kind;
    return true;
  }

  bool folded() {
    for (const Field field :
         {Field::events, Field::buffers, Field::bytes, Field::max_live_bytes, Field::max_live_buffers})
      if (!need(field)) return false;
    builder_.folded() = {fields_.number(Field::events), fields_.number(Field::buffers),
                         fields_.number(Field::bytes), fields_.number(Field::max_live_bytes),
                         fields_.number(Field::max_live_buffers)};
    return true;
  }

  bool complain(Field field) { return fail(fields_.complaint(field)); }
  bool good(Field field) { return !fields_.wrong(field) || complain(field); }
  bool need(Field field) { return (fields_.has(field) && !fields_.wrong(field)) || complain(field); }
  std::string_view text(Field field) {
    const std::string_view raw = fields_.text(field);
    return utf8_valid(raw) ? raw : repaired_.emplace_back(utf8_repaired(raw));
  }

  NdjsonLine fields_;
  EventRecord record_;
  std::deque<std::string> repaired_;
};

}  // namespace

std::unique_ptr<Reader> make_ndjson_reader() {
  return std::make_unique<NdjsonReader>();
}

}  // namespace bufgc::trace
