// What goes between client.ts and worker.ts. Requests carry a number that their answer repeats.
import type { Engine, LoadProgress } from './protocol.js';

/** Of opening; of planning its share, from 0 to 1. */
export type Progress = LoadProgress | number;

export type Method = Exclude<keyof Engine, 'ready' | 'cancelOpen' | 'cancelReuse' | 'closeSecond'>;

export type Request =
  /** First of all: the bytes of viewer.wasm, packed with gzip. */
  | { kind: 'init'; wasm: Uint8Array }
  | { kind: 'call'; id: number; method: Method; args: unknown[] }
  | { kind: 'cancelOpen' | 'cancelReuse' | 'closeSecond' };

export type Reply =
  | { kind: 'ready' }
  /** The module could not be started; nothing will be answered. */
  | { kind: 'broken'; message: string }
  | { kind: 'progress'; id: number; progress: Progress }
  | { kind: 'value'; id: number; value: unknown }
  | { kind: 'error'; id: number; name: string; message: string };
