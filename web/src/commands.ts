// What the page can be told to do: one list for the keyboard, the card of keys and the palette.
import type { App } from './app.js';
import type { Align, ColorBy } from './engine/protocol.js';
import { sampleFiles, samples } from './samples.js';
import type { Session, Tab } from './store/session.js';
import { theme } from './store/theme.js';
import { panView, zoomView } from './store/view.js';

/** A key by its place (`code`) where a letter means a direction, else by what it writes (`key`). */
export interface Key {
  code?: string;
  key?: string;
  /** Ctrl, or ⌘ on a Mac. */
  ctrl?: boolean;
  shift?: boolean;
}

export type Topic = 'Move' | 'Find' | 'Views' | 'Page';

export interface Command {
  topic: Topic;
  title: string;
  keys: readonly Key[];
  needsTrace: boolean;
  run(app: App): void;
}

export const TABS: { tab: Tab; title: string }[] = [
  { tab: 'address', title: 'Address' },
  { tab: 'stack', title: 'Stack' },
  { tab: 'table', title: 'Table' },
  { tab: 'groups', title: 'Groups' },
  { tab: 'leaks', title: 'Leaks' },
  { tab: 'reuse', title: 'Reuse' },
  { tab: 'statistics', title: 'Statistics' },
  { tab: 'diff', title: 'Diff' },
];

const PAN = 0.2;
const ZOOM = 0.75;

function pan(session: Session, share: number, shareY = 0): void {
  const { goal } = session;
  session.glideTo(panView(goal, (goal.t1 - goal.t0) * share, (goal.y1 - goal.y0) * shareY));
}

function zoom(session: Session, factor: number): void {
  const { goal } = session;
  const at = session.cursorAt() ?? (goal.t0 + goal.t1) / 2;
  session.glideTo(zoomView(goal, at, 0, factor, 1));
}

const of =
  (topic: Topic, needsTrace: boolean) =>
  (title: string, keys: readonly Key[], run: (app: App) => void): Command => ({ topic, title, keys, needsTrace, run });
const move = of('Move', true);
const find = of('Find', true);
const view = of('Views', true);
const page = of('Page', false);

export const ALIGNMENTS: { align: Align; title: string }[] = [
  { align: 'event', title: 'events' },
  { align: 'time', title: 'time' },
  { align: 'phase', title: 'phases' },
];

const COLORS: { by: ColorBy; title: string }[] = [
  { by: 'state', title: 'state' },
  { by: 'label', title: 'label' },
  { by: 'size', title: 'size' },
  { by: 'dtype', title: 'type' },
  { by: 'lifetime', title: 'lifetime' },
];

export const COMMANDS: readonly Command[] = [
  move('Zoom in', [{ code: 'KeyW' }], ({ session }) => zoom(session, ZOOM)),
  move('Zoom out', [{ code: 'KeyS' }], ({ session }) => zoom(session, 1 / ZOOM)),
  move('Earlier', [{ code: 'KeyA' }, { code: 'ArrowLeft' }], ({ session }) => pan(session, -PAN)),
  move('Later', [{ code: 'KeyD' }, { code: 'ArrowRight' }], ({ session }) => pan(session, PAN)),
  move('Higher addresses', [{ code: 'ArrowUp' }], ({ session }) => pan(session, 0, PAN)),
  move('Lower addresses', [{ code: 'ArrowDown' }], ({ session }) => pan(session, 0, -PAN)),
  move('Show all', [{ key: '0' }], ({ session }) => session.glideTo(session.fitted())),
  move('Into the selected area', [{ key: 'Enter' }, { code: 'KeyZ' }], ({ session }) => void session.area.zoom()),
  move('Back to the range before', [{ code: 'KeyZ', ctrl: true }], ({ history }) => history.undo()),
  move(
    'Forth again',
    [
      { code: 'KeyZ', ctrl: true, shift: true },
      { code: 'KeyY', ctrl: true },
    ],
    ({ history }) => history.redo(),
  ),

  find('The peak, and who lived then', [{ code: 'KeyP' }], ({ session }) => void session.goToPeak()),
  find('Who lives here: at the pointer', [{ code: 'KeyM' }], ({ session }) => void session.showMomentHere()),
  find(
    'Where the most was reserved, and why',
    [],
    ({ session }) => void session.goToMoment(session.trace?.summary.max_reserved_event ?? 0),
  ),
  find('Select what is shown: its figures', [], ({ session }) => session.area.select(session.view)),
  find('Next buffer never released', [{ code: 'KeyL' }], ({ session }) => void session.selectNextLeak()),
  find('Previous at this address', [{ key: '[' }], ({ session }) => void session.selectNeighbour('previous')),
  find('Next at this address', [{ key: ']' }], ({ session }) => void session.selectNeighbour('next')),
  find('Filter: words, size>1MiB, alive', [{ key: '/' }], ({ topBar }) => topBar.focusSearch()),
  find('Clear the filter', [], ({ session }) => session.setFilter('')),

  ...TABS.map(({ tab, title }, index) =>
    view(title, [{ key: String(index + 1) }], ({ session }) => void session.setTab(tab)),
  ),
  view('Packed, as a planner would place them', [], ({ session }) => void session.setTab('packed')),
  view('Axis: event numbers', [], ({ session }) => void session.setAxis('event')),
  view('Axis: time', [], ({ session }) => void session.setAxis('time')),
  ...COLORS.map(({ by, title }) => view(`Colour by ${title}`, [], ({ session }) => session.setColorBy(by))),
  view('Compare with another trace', [], (app) => void app.chooseSecond()),
  ...ALIGNMENTS.map(({ align, title }) =>
    view(`Compare by ${title}`, [], ({ session }) => {
      session.comparison.setAlign(align);
      void session.setTab('diff');
    }),
  ),
  view('Show or hide what is cached', [], ({ session }) => session.setShowCached(!session.showCached)),
  view('Show or hide fragmentation over time', [], ({ session }) =>
    session.setShowFragmentation(!session.showFragmentation),
  ),
  view(
    'Save as CSV: the buffers of the area, or those that match',
    [],
    ({ session }) => void session.track(session.writing.saveRows()),
  ),
  view('Save the picture as PNG', [], (app) => void app.savePicture('png')),
  view('Save the picture as SVG', [], (app) => void app.savePicture('svg')),

  page('All commands', [{ code: 'KeyK', ctrl: true }], (app) => app.togglePalette()),
  page('Keys and help', [{ key: '?' }], (app) => app.toggleHelp()),
  page('Let go, close, cancel', [{ key: 'Escape' }], (app) => app.letGo()),
  page('Open trace files', [], ({ topBar }) => topBar.chooseFiles()),
  page('Open a time range of a file', [], (app) => app.toggleRangeCard()),
  find('Open what is in sight alone, from the same file', [], ({ session }) => {
    session.openVisible().catch(() => undefined); // told in the notice
  }),
  page('Live lab', [], ({ session }) => session.setMode('lab')),
  page('Trace', [], ({ session }) => session.setMode('trace')),
  page('Theme: as the system', [], () => theme.set('system')),
  page('Theme: light', [], () => theme.set('light')),
  page('Theme: dark', [], () => theme.set('dark')),
  page('Theme: high contrast', [], () => theme.set('contrast')),
];

/** The commands and, for the palette, what else can be opened. */
export const allCommands = (): Command[] => [
  ...COMMANDS,
  ...samples().map((sample) =>
    page(`Open the sample ${sample.title}`, [], ({ session }) => {
      session.open(sampleFiles(sample), sample.name).catch(() => undefined); // told in the notice
    }),
  ),
];

const NAMES: Record<string, string> = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc' };

/** As it stands on the keyboard. */
export function keyText({ code, key, ctrl, shift }: Key): string {
  const name = key ?? code ?? '';
  const shown = NAMES[name] ?? name.replace(/^Key/, '');
  return `${ctrl ? 'Ctrl ' : ''}${shift ? 'Shift ' : ''}${shown}`;
}

export function matches(pressed: KeyboardEvent, { code, key, ctrl = false, shift }: Key): boolean {
  if ((pressed.ctrlKey || pressed.metaKey) !== ctrl || pressed.altKey) return false;
  // What a key writes tells of Shift already.
  if (key !== undefined) return pressed.key === key;
  return pressed.code === code && pressed.shiftKey === (shift ?? (ctrl ? false : pressed.shiftKey));
}
