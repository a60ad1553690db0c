// What libc++abi brings along for exceptions and `dynamic_cast`, and nothing in the package uses, a seventh
// of it: last words before it aborts, with a whole printf of floating point, and the walk through type infos.

#include <cstdlib>

extern "C" {

[[noreturn]] void abort_message(const char*, ...) {
  std::abort();
}

/// The virtual tables that every type info of libc++ points to, under their mangled names: of the three kinds
/// of class (alone, with one base, with several).
extern const void* const _ZTVN10__cxxabiv117__class_type_infoE[3] = {};
extern const void* const _ZTVN10__cxxabiv120__si_class_type_infoE[3] = {};
extern const void* const _ZTVN10__cxxabiv121__vmi_class_type_infoE[3] = {};
}
