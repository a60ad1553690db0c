// How long from unreachable to released to reused, as far as a trace tells: two distributions with their groups.
import { html, nothing } from 'lit';
import type { Axis, GroupBy, Latency, LatencyFigures, LatencyStage } from '../engine/protocol.js';
import { count, label, percent, plural, time } from '../format.js';
import type { Session } from '../store/session.js';
import { termsOf } from '../terms.js';

export interface LatencyChoice {
  axis: Axis;
  by: GroupBy;
}
export type Latencies = Record<LatencyStage, Latency> & LatencyChoice;

const STAGES: { stage: LatencyStage; title: string; none: string; without: string }[] = [
  {
    stage: 'unused',
    title: 'From the last use to the release',
    none: 'The trace tells of no use by a kernel, so how long buffers stood unused is not known.',
    without: 'that no kernel used',
  },
  {
    stage: 'idle',
    title: 'From the release to reuse',
    none: 'No block was taken again, or the trace tells of no addresses.',
    without: 'not taken again, or at no known address',
  },
];
const AXES: { axis: Axis; title: string }[] = [
  { axis: 'time', title: 'time' },
  { axis: 'event', title: 'events' },
];
const GROUPS: GroupBy[] = ['label', 'site', 'cause'];

const duration = (axis: Axis) => (axis === 'time' ? time : count);

function renderBins(title: string, { bins, buffers }: Latency, axis: Axis) {
  const shown = duration(axis);
  const most = Math.max(...bins.map((bin) => bin.buffers));
  return html`<table aria-label="${title}: distribution">
    <thead>
      <tr>
        <th scope="col">${axis === 'time' ? 'wait' : 'events'}</th>
        <th scope="col" class="number">buffers</th>
        <th scope="col" class="bar"><span class="visually-hidden">share of buffers</span></th>
      </tr>
    </thead>
    <tbody>
      ${bins.map(
        (bin) => html`<tr>
          <th scope="row">${bin.from === 0 ? '0' : `${shown(bin.from)} to ${shown(bin.to)}`}</th>
          <td class="number">${count(bin.buffers)}</td>
          <td class="bar" title=${percent(bin.buffers, buffers)}><i .style=${`width: ${(100 * bin.buffers) / most}%`}></i></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function renderGroups(session: Session, title: string, latency: Latency, { axis, by }: LatencyChoice) {
  const shown = duration(axis);
  const figures = ({ buffers, median, p95, longest }: LatencyFigures) =>
    html`<td class="number">${count(buffers)}</td>${[median, p95, longest].map((value) => html`<td class="number">${shown(value)}</td>`)}`;
  return html`<table class="waits" aria-label="${title}: by ${by}">
      <thead>
        <tr>
          <th scope="col" title="Those that waited most in total first">${by}</th>
          ${['buffers', 'median', 'p95', 'longest'].map((name) => html`<th scope="col" class="number">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        <tr class="all">
          <th scope="row">all</th>
          ${figures(latency)}
        </tr>
        ${latency.groups.map(
          (group) => html`<tr>
            <td class="name">
              <button class="link" title="Filter by ${label(group.name, 400) || '(none)'}" @click=${() => session.toggleTerms(termsOf(by, group.name))}>${label(group.name) || '(none)'}</button>
            </td>
            ${figures(group)}
          </tr>`,
        )}
      </tbody>
    </table>
    ${latency.allGroups > latency.groups.length ? html`<p class="caption">The first ${count(latency.groups.length)} of ${count(latency.allGroups)}.</p>` : nothing}`;
}

/** Stands within the statistics, whose styles it has. */
export function renderLatencies(session: Session, latencies: Latencies, choose: (choice: LatencyChoice) => void) {
  const { axis, by } = latencies;
  return html`<section class="wide">
    <h2>How long from unreachable to released to reused</h2>
    <p>
      When the last reference to a buffer went stands in no trace, so how long it waited for its release is not known. From its last use by a kernel is the
      most that it can have been.
    </p>
    <div class="how">
      <div class="segmented small" role="group" aria-label="Waits in">
        ${AXES.map(({ axis: one, title }) => html`<button aria-pressed=${one === axis} @click=${() => choose({ axis: one, by })}>${title}</button>`)}
      </div>
      <div class="segmented small" role="group" aria-label="Waits by">
        ${GROUPS.map((one) => html`<button aria-pressed=${one === by} @click=${() => choose({ axis, by: one })}>${one}</button>`)}
      </div>
    </div>
    <div class="columns">
      ${STAGES.map(({ stage, title, none, without }) => {
        const latency = latencies[stage];
        return html`<section class=${stage}>
          <h3>${title}</h3>
          ${latency.buffers === 0 ? html`<p>${none}</p>` : html`${renderGroups(session, title, latency, latencies)} ${renderBins(title, latency, axis)}`}
          ${latency.buffers > 0 && latency.without > 0 ? html`<p class="caption">Besides, ${plural(latency.without, 'released buffer')} ${without}.</p>` : nothing}
        </section>`;
      })}
    </div>
  </section>`;
}
