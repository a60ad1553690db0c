// AddressSanitizer's settings; those of ASAN_OPTIONS come on top. An execution frees less than a megabyte: a
// quarantine of 256, as is usual, would watch memory that nobody can reach any more, and keep the caches
// cold.

extern "C" __attribute__((no_sanitize("address", "undefined"))) const char* __asan_default_options() {
  return "quarantine_size_mb=4:malloc_context_size=8:allocator_release_to_os_interval_ms=-1";
}
