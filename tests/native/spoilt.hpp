#pragma once

namespace bufgc::testing {

/// Something that has another value while this stands.
template <class Value>
class Spoilt {
 public:
  Spoilt(Value& of, Value wrong) : of_(of), right_(of) { of = wrong; }
  ~Spoilt() { of_ = right_; }
  Spoilt(const Spoilt&) = delete;
  Spoilt& operator=(const Spoilt&) = delete;

 private:
  Value& of_;
  Value right_;
};

}  // namespace bufgc::testing
