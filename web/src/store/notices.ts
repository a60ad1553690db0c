// What is said of a trace that does not hold what was looked for, or of a file that is no whole trace.
import type { Summary } from '../engine/protocol.js';
import { plural } from '../format.js';
import type { Notice } from './state.js';

export const holdsNothing = (name: string): Notice => ({
  kind: 'note',
  title: `${name} holds no buffers`,
  detail: 'The file was read to its end and lists no allocation. Choose another, or try a sample.',
});

/** `shown` is what was read before the fault or the cancelling, if anything; none when there is nothing to say. */
export function notReadToItsEnd(name: string, error: unknown, shown: Summary | null): Notice | null {
  const message = error instanceof Error ? error.message : String(error);
  const rest = shown && `${plural(shown.events, 'event')}, ${plural(shown.buffers, 'buffer')}.`;
  if (error instanceof Error && error.name === 'AbortError') {
    if (!rest) return null;
    return {
      kind: 'note',
      title: `Reading ${name} was cancelled`,
      detail: `Shown is what stands before that: ${rest}`,
    };
  }
  if (!rest) return { kind: 'error', title: `Could not open ${name}`, detail: message };
  return { kind: 'error', title: `${name} is broken`, detail: `${message}\nShown is what stands before it: ${rest}` };
}

/** `where` is the engine's: the place, and how far the file was whole. */
export const cutOff = (name: string, where: string): Notice => ({
  kind: 'note',
  title: `${name} is not whole`,
  detail: where,
});

export const notAtHand: Notice = {
  kind: 'note',
  title: 'The file is not at hand',
  detail: 'A part alone can be opened of a trace that was chosen or dropped as a file, and of a sample.',
};

export const nothingLeaks: Notice = {
  kind: 'note',
  title: 'Nothing leaks',
  detail: 'Every buffer of this trace was released before its end.',
};
