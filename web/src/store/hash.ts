// The visible range, the tab and the filter in the address, so that a reload or a link to a bundled
// sample comes back to the same place.
import { sampleFiles, samples } from '../samples.js';
import type { Session } from './session.js';
import { ALL_ALIGNS, ALL_TABS, DIFF_GROUPINGS, isLayout } from './state.js';

const number = (text: string | null): number | undefined => {
  const value = text === null || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
};

export function keepHash(session: Session): void {
  void restore(session).finally(() => {
    for (const topic of ['view', 'layout', 'filter', 'moment', 'area', 'flame', 'trace', 'comparison'] as const)
      session.addEventListener(topic, () => schedule(session));
  });
}

async function restore(session: Session): Promise<void> {
  const saved = new URLSearchParams(location.hash.slice(1));
  const tab = ALL_TABS.find((name) => name === saved.get('tab'));
  const picture = ALL_TABS.find((name) => name === saved.get('picture'));
  if (picture && isLayout(picture)) session.layout = picture;
  if (tab) void session.setTab(tab);
  if (saved.get('mode') === 'lab') session.setMode('lab');
  if (saved.get('axis') === 'time') session.axis = 'time';
  if (saved.has('fragmentation')) session.setShowFragmentation(true);
  const sample = samples().find(({ name }) => name === saved.get('sample'));
  if (!sample) return;
  await session.engine.ready();
  const [fromNs, toNs] = (saved.get('range') ?? '').split(' ').map(number);
  const range = fromNs !== undefined && toNs !== undefined && fromNs <= toNs ? { fromNs, toNs } : null;
  await session.open(sampleFiles(sample), sample.name, range);
  session.setFilter(saved.get('filter') ?? '');
  const [t0, t1, y0, y1] = ['t0', 't1', 'y0', 'y1'].map((name) => number(saved.get(name)));
  const by = saved.get('by');
  const measure = saved.get('measure');
  session.setFlame({
    by: by === 'site' ? by : 'label',
    measure: measure === 'live' || measure === 'kept' ? measure : 'allocated',
    text: number(saved.get('frame')) ?? 0,
    depth: number(saved.get('depth')) ?? 0,
  });
  const { comparison } = session;
  comparison.align = ALL_ALIGNS.find((align) => align === saved.get('align')) ?? 'event';
  comparison.by = DIFF_GROUPINGS.find((by) => by === saved.get('groups')) ?? 'label';
  const second = samples().find(({ name }) => name === saved.get('second'));
  if (second) await comparison.open(sampleFiles(second), second.name).catch(() => undefined); // told in the notice
  const at = number(saved.get('at'));
  if (at !== undefined) await session.showMoment(at);
  if (t0 !== undefined && t1 !== undefined && y0 !== undefined && y1 !== undefined) session.setView({ t0, t1, y0, y1 });
  const [a0, a1, b0, b1] = (saved.get('area') ?? '').split(' ').map(number);
  if (a0 !== undefined && a1 !== undefined && b0 !== undefined && b1 !== undefined && a0 < a1 && b0 < b1)
    session.area.select({ t0: a0, t1: a1, y0: b0, y1: b1 });
}

let timer: number | undefined;

function schedule(session: Session): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => write(session), 300);
}

function write(session: Session): void {
  const state = new URLSearchParams();
  if (session.mode === 'lab') state.set('mode', 'lab');
  if (session.tab !== 'address') state.set('tab', session.tab);
  if (session.axis !== 'event') state.set('axis', session.axis);
  if (session.filter) state.set('filter', session.filter);
  if (session.showFragmentation) state.set('fragmentation', '1');
  if (session.trace?.sample) {
    const { sample, range } = session.trace;
    state.set('sample', sample);
    if (range) state.set('range', `${range.fromNs} ${range.toNs}`);
    const { by, measure, text, depth } = session.flame;
    if (by !== 'label') state.set('by', by);
    if (measure !== 'allocated') state.set('measure', measure);
    if (depth > 0) {
      state.set('frame', String(text));
      state.set('depth', String(depth));
    }
    const { second, align, by: grouping } = session.comparison;
    if (second?.sample) state.set('second', second.sample);
    if (second && align !== 'event') state.set('align', align);
    if (second && grouping !== 'label') state.set('groups', grouping);
    const area = session.area.now;
    if (area) {
      const { t0, t1, y0, y1 } = area.view;
      state.set('area', `${t0} ${t1} ${y0} ${y1}`);
      if (area.layout !== session.tab) state.set('picture', area.layout);
    }
    if (session.moment) state.set('at', String(session.moment.event));
    if (!session.isFit())
      for (const key of ['t0', 't1', 'y0', 'y1'] as const) state.set(key, session.view[key].toPrecision(8));
  }
  try {
    history.replaceState(null, '', `#${state}`);
  } catch {
    // Some browsers refuse it for local files: the address then stays as it is.
  }
}
