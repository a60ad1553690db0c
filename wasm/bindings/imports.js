// The names of what wasm/src/instance.ts gives the modules: without them the linker would refuse the calls.
mergeInto(LibraryManager.library, {
  bufgc_now_ns: () => {},
  bufgc_tell: () => {},
  bufgc_ask_plan: () => {},
  bufgc_malloc: () => {},
  bufgc_posix_memalign: () => {},
  bufgc_free: () => {},
});
