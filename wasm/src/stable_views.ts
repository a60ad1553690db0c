// Views that stay valid as long as their buffers: the memory takes all that the budget allows before the
// first buffer, so that it never grows, since growth is what detaches views. Pages that nobody touches
// cost addresses and no memory.
import { InvalidArgumentError, OutOfMemoryError } from './errors.js';

const pageBytes = 65_536;
const mostBytes = 2 ** 32 - pageBytes;
/** Beside the buffers: what the library notes about them, and what visualizer and labels take. */
const roomForNotes = 2 ** 28;
const leastRoomForNotes = 2 ** 26;

/** Whether the options can be had together; throws when not. */
export function checkStableViews(budgetBytes: number, compact: boolean | undefined): void {
  const most = mostBytes - leastRoomForNotes;
  if (budgetBytes > most) {
    const expected = `a finite budget of at most ${most} bytes, which options.stableViews takes up front`;
    throw new InvalidArgumentError('options.budgetBytes', expected, budgetBytes);
  }
  if (compact === true) {
    throw new InvalidArgumentError('options.compact', 'false, since options.stableViews moves no buffer', compact);
  }
}

/** Grows the new instance's memory to its final size, before anything looks at it, and for the last time. */
export function takeUpFront(instance: WebAssembly.Instance, budgetBytes: number): void {
  const memory = Object.values(instance.exports).find((part) => part instanceof WebAssembly.Memory);
  if (memory === undefined) throw new TypeError('the WebAssembly module exports no memory');
  const bytes = Math.min(budgetBytes + roomForNotes, mostBytes);
  const pages = Math.ceil(bytes / pageBytes) - memory.buffer.byteLength / pageBytes;
  try {
    if (pages > 0) memory.grow(pages);
  } catch {
    throw new OutOfMemoryError(budgetBytes, {});
  }
  // What asks for more is told that there is none, which it knows how to say.
  memory.grow = () => {
    throw new RangeError('the memory does not grow: options.stableViews');
  };
}
