// Which command a key gives, and where a key belongs to something else.
import type { App } from './app.js';
import { COMMANDS, matches } from './commands.js';

/** Where the key was pressed, through shadow roots. */
const origin = (event: KeyboardEvent): Element | undefined => event.composedPath()[0] as Element | undefined;

const isField = (at: Element | undefined): boolean =>
  at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement;

export function handleKey(event: KeyboardEvent, app: App): void {
  if (event.defaultPrevented) return;
  const command = COMMANDS.find(({ keys }) => keys.some((key) => matches(event, key)));
  if (!command || (command.needsTrace && !app.session.trace)) return;
  const at = origin(event);
  const always = event.key === 'Escape' || command.title === 'All commands';
  if (isField(at) && !always) return;
  // An open card takes the keys that close it, and no others.
  if (app.cardOpen && !always && event.key !== '?') return;
  if (event.key === 'Enter' && at?.closest('button')) return;
  // Arrows belong to what has the focus: a grid, a scrolled panel, a tab list.
  const ownArrows = '[role="grid"], [role="tablist"], [role="menu"], aside, [role="scrollbar"]';
  if (event.code.startsWith('Arrow') && at?.closest(ownArrows)) return;
  command.run(app);
  event.preventDefault();
}
