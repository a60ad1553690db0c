// The keyboard, by physical key where a letter means a direction.
import type { App } from './app.js';
import type { Session, Tab } from './store/session.js';
import { panView, zoomView } from './store/view.js';

export const TABS: { tab: Tab; title: string }[] = [
  { tab: 'address', title: 'Address' },
  { tab: 'table', title: 'Table' },
  { tab: 'groups', title: 'Groups' },
  { tab: 'leaks', title: 'Leaks' },
  { tab: 'reuse', title: 'Reuse' },
  { tab: 'statistics', title: 'Statistics' },
];

const PAN = 0.2;
const ZOOM = 0.75;

function pan(session: Session, share: number, shareY = 0): void {
  const { view } = session;
  session.glideTo(panView(view, (view.t1 - view.t0) * share, (view.y1 - view.y0) * shareY));
}

function zoom(session: Session, factor: number): void {
  const { view } = session;
  const at = session.cursorAt() ?? (view.t0 + view.t1) / 2;
  session.glideTo(zoomView(view, at, 0, factor, 1));
}

const BY_CODE: Record<string, (session: Session) => void> = {
  KeyA: (session) => pan(session, -PAN),
  KeyD: (session) => pan(session, PAN),
  KeyW: (session) => zoom(session, ZOOM),
  KeyS: (session) => zoom(session, 1 / ZOOM),
  ArrowLeft: (session) => pan(session, -PAN),
  ArrowRight: (session) => pan(session, PAN),
  ArrowUp: (session) => pan(session, 0, PAN),
  ArrowDown: (session) => pan(session, 0, -PAN),
  KeyP: (session) => void session.goToPeak(),
  KeyM: (session) => void session.showMomentHere(),
  KeyL: (session) => void session.selectNextLeak(),
};

const BY_KEY: Record<string, (app: App) => void> = {
  '0': ({ session }) => session.glideTo(session.fitted()),
  '[': ({ session }) => void session.selectNeighbour('previous'),
  ']': ({ session }) => void session.selectNeighbour('next'),
  '/': ({ topBar }) => topBar.focusSearch(),
  '?': (app) => {
    app.helpOpen = !app.helpOpen;
  },
  Escape: (app) => {
    if (app.helpOpen) app.helpOpen = false;
    else if (app.session.loading) app.session.cancelOpen();
    else if (app.session.notice) app.session.dismiss();
    else if (app.session.selectedRow !== null) void app.session.select(null);
    else void app.session.showMoment(null);
  },
};

/** Where the key was pressed, through shadow roots. */
const origin = (event: KeyboardEvent): Element | undefined => event.composedPath()[0] as Element | undefined;

export function handleKey(event: KeyboardEvent, app: App): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = origin(event);
  const typing = at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement;
  if (typing && event.key !== 'Escape') return;
  const { session } = app;
  if (app.helpOpen && event.key !== 'Escape' && event.key !== '?') return;
  const tab = TABS[Number(event.key) - 1];
  if (event.key >= '1' && tab) session.setTab(tab.tab);
  else if (BY_KEY[event.key]) BY_KEY[event.key]!(app);
  else if (session.trace && BY_CODE[event.code]) {
    // Arrows belong to what has the focus: a grid, a scrolled panel, a tab list.
    if (
      event.code.startsWith('Arrow') &&
      at?.closest('[role="grid"], [role="tablist"], [role="menu"], aside, [role="scrollbar"]')
    )
      return;
    BY_CODE[event.code]!(session);
  } else return;
  event.preventDefault();
}
