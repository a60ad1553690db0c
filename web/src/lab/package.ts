// The package's types, under one roof for the lab. The lab uses nothing of the package but its
// public API; only the worker loads the package itself.
export type {
  AllocSpec,
  Buffer,
  DType,
  LoadOptions,
  Manager,
  Stats,
  ViewOf,
  Visualizer,
} from '../../../wasm/src/types';

import type { LoadOptions, Manager } from '../../../wasm/src/types';

export type Load = (options?: LoadOptions) => Promise<Manager>;
