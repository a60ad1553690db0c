#pragma once

// Private to the buffer room: what a build's programs can ask for. What they cannot is left out of it.

namespace bufgc {

/// Collections that start by themselves, and frozen buffers.
#if defined(BUFGC_WITHOUT_AUTOMATIC_COLLECTION)
inline constexpr bool offers_automatic_collection = false;
#else
inline constexpr bool offers_automatic_collection = true;
#endif

/// Finalizers that wait for `drain()`.
#if defined(BUFGC_WITHOUT_DEFERRED_FINALIZERS)
inline constexpr bool offers_deferred_finalizers = false;
#else
inline constexpr bool offers_deferred_finalizers = true;
#endif

}  // namespace bufgc
