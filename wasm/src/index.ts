// bufgc: garbage-collected buffers in WebAssembly memory. Everything that the package exports.
export { dtypes } from './dtype.js';
export {
  BufgcError,
  ClosedError,
  type ErrorCode,
  InvalidArgumentError,
  InvalidStateError,
  LeakError,
  MisuseError,
  type MisuseFacts,
  type MisuseKind,
  OutOfMemoryError,
  UseAfterDisposeError,
} from './errors.js';
export { expectNoLeaks } from './expect_no_leaks.js';
export { load } from './load.js';
export type * from './types.js';
