// A recorded trace's lines, as the replay needs them.
import type { DType } from './package';

export interface TraceEvent {
  t: number;
  op: string;
  id?: number;
  size?: number;
  dtype?: string;
  shape?: number[];
  numel?: number;
  label?: string;
  src?: string;
  to?: string;
  kernel?: string;
  name?: string;
  bufs?: [number, string][];
}

export function parseTrace(ndjson: Uint8Array): TraceEvent[] {
  const events: TraceEvent[] = [];
  const text = new TextDecoder().decode(ndjson);
  let line = 1;
  for (const source of text.split('\n')) {
    if (source !== '') {
      try {
        events.push(JSON.parse(source) as TraceEvent);
      } catch {
        throw new Error(`line ${line}: expected one JSON object, found "${source.slice(0, 40)}"`);
      }
    }
    line++;
  }
  return events;
}

const TINYGRAD_TYPES: { readonly [name: string]: { dtype: DType; bytes: number } } = {
  bool: { dtype: 'boolean', bytes: 1 },
  char: { dtype: 'int8', bytes: 1 },
  signed_char: { dtype: 'int8', bytes: 1 },
  unsigned_char: { dtype: 'uint8', bytes: 1 },
  short: { dtype: 'int16', bytes: 2 },
  unsigned_short: { dtype: 'uint16', bytes: 2 },
  half: { dtype: 'float16', bytes: 2 },
  int: { dtype: 'int32', bytes: 4 },
  unsigned_int: { dtype: 'uint32', bytes: 4 },
  float: { dtype: 'float32', bytes: 4 },
  long: { dtype: 'int64', bytes: 8 },
  unsigned_long: { dtype: 'uint64', bytes: 8 },
  double: { dtype: 'float64', bytes: 8 },
};

/** The dtype and shape under which an event's bytes are allocated: its own where they agree with its size. */
export function shapeOf(event: TraceEvent): { dtype: DType; shape: number[] } {
  const size = event.size ?? 0;
  const known = TINYGRAD_TYPES[(event.dtype ?? '').replaceAll(' ', '_')];
  if (known && size % known.bytes === 0) {
    const count = size / known.bytes;
    const product = event.shape?.reduce((a, b) => a * b, 1);
    return { dtype: known.dtype, shape: event.shape && product === count ? event.shape : [count] };
  }
  return { dtype: 'uint8', shape: [size] };
}
