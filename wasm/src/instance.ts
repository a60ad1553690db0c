// Starts the two WebAssembly modules over one memory: the core at once, the annex when it is first needed.
// What they ask of JavaScript is here, and `bindings/imports.js` names it to their linker.
import type { AnnexExports } from './annex.js';
import { OutOfMemoryError } from './errors.js';
import type { CoreExports } from './native.js';

export const pageBytes = 65_536;
/** What the core has from its start (`INITIAL_MEMORY` in wasm/CMakeLists.txt), and what 32 bits can address. */
const firstPages = 16;
export const mostPages = 65_536;

/** Set by the manager, called from inside the core: nothing may be thrown through it. */
export interface Listener {
  event(event: number, key: number): void;
  /** Has the annex plan; false where it is not there yet. */
  plan(request: number): boolean;
}

export interface Core {
  readonly memory: WebAssembly.Memory;
  readonly exports: CoreExports;
  listener: Listener;
  /** Called when growth or compaction has detached all views of the memory. */
  detached: () => void;
  /** Set by the manager: the error that tells that there is no memory for `what`. */
  exhausted: (what: string) => Error;
}

/** Held here, since hosts look a global up, and some through an accessor, at each use. */
const clock = performance;
const nanoseconds = (): number => clock.now() * 1e6;
const stop = (): never => {
  throw new WebAssembly.RuntimeError('bufgc stopped itself');
};
const system = { proc_exit: stop };

/** With `upFrontBytes` above 0 the memory has so many from the beginning, and never grows. */
export async function startCore(module: WebAssembly.Module, upFrontBytes: number): Promise<Core> {
  const pages = Math.max(firstPages, Math.ceil(upFrontBytes / pageBytes));
  let memory: WebAssembly.Memory;
  try {
    memory = new WebAssembly.Memory({ initial: pages, maximum: upFrontBytes > 0 ? pages : mostPages });
  } catch {
    throw new OutOfMemoryError(upFrontBytes, {});
  }
  const silent: Listener = { event: () => {}, plan: () => false };
  const core: Omit<Core, 'exports' | 'exhausted'> = { memory, listener: silent, detached: () => {} };
  const instance = await WebAssembly.instantiate(module, {
    env: {
      memory,
      bufgc_now_ns: nanoseconds,
      emscripten_notify_memory_growth: () => core.detached(),
      bufgc_tell: (event: number, key: number) => core.listener.event(event, key),
      bufgc_ask_plan: (request: number) => (core.listener.plan(request) ? 1 : 0),
    },
    wasi_snapshot_preview1: system,
  });
  const exports = instance.exports as unknown as CoreExports;
  exports._initialize();
  return Object.assign(core, { exports }) as Core;
}

export function startAnnex(module: WebAssembly.Module, core: Core): AnnexExports {
  const { memory, exports } = core;
  const instance = new WebAssembly.Instance(module, {
    env: {
      memory,
      bufgc_now_ns: nanoseconds,
      bufgc_tell: (event: number, key: number) => core.listener.event(event, key),
      bufgc_malloc: exports.malloc,
      bufgc_posix_memalign: exports.posix_memalign,
      bufgc_free: exports.free,
    },
    wasi_snapshot_preview1: system,
  });
  const annex = instance.exports as unknown as AnnexExports;
  annex._initialize();
  return annex;
}
