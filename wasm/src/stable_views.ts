// Views that stay valid as long as their buffers: the memory takes all that the budget allows before the
// first buffer, so that it never grows, since growth is what detaches views. Pages that nobody touches
// cost addresses and no memory.
import { InvalidArgumentError } from './errors.js';
import { pageBytes } from './instance.js';

const mostBytes = 2 ** 32 - pageBytes;
/** Beside the buffers: what the library notes about them, and what visualizer and labels take. */
const roomForNotes = 2 ** 28;
const leastRoomForNotes = 2 ** 26;

/** Whether the options can be had together; throws when not. */
export function checkStableViews(budgetBytes: number, compact: boolean | undefined): void {
  const most = mostBytes - leastRoomForNotes;
  if (budgetBytes > most) {
    const expected = `a budget of at most ${most} bytes, which options.stableViews takes up front`;
    throw new InvalidArgumentError('options.budgetBytes', expected, budgetBytes);
  }
  if (compact === true) {
    throw new InvalidArgumentError('options.compact', 'false, since options.stableViews moves no buffer', compact);
  }
}

/** What the memory is made with, for good. */
export function bytesUpFront(budgetBytes: number): number {
  return Math.min(budgetBytes + roomForNotes, mostBytes);
}
