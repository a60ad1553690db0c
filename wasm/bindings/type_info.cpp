// Where nothing is thrown nor asked for its type: without the walk through type infos that libc++abi brings
// along, a tenth of the core.

extern "C" {

/// The virtual tables that every type info of libc++ points to, under their mangled names: of the three kinds
/// of class (alone, with one base, with several).
extern const void* const _ZTVN10__cxxabiv117__class_type_infoE[3] = {};
extern const void* const _ZTVN10__cxxabiv120__si_class_type_infoE[3] = {};
extern const void* const _ZTVN10__cxxabiv121__vmi_class_type_infoE[3] = {};
}
