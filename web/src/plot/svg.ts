// The plot as SVG: axes and lifecycles as shapes and text, or the picture itself where there are too many of them.
import type { Axis, Rectangles, View } from '../engine/protocol.js';
import { bytes, label } from '../format.js';
import type { Mark } from '../store/state.js';
import { AXIS_HEIGHT, placeTicks, timeTicks } from './axes.js';
import type { Colors } from './colors.js';
import type { Scale } from './scale.js';

export interface Drawing {
  axis: Axis;
  scale: Scale;
  colors: Colors;
  marks: Mark[];
  area: View | null;
  /** Places on the axis. */
  moment: number | null;
  /** Shapes, or the address of a picture in their place. */
  shapes: Rectangles | string;
}

/** Below this width or height a shape has no outline, as in the picture. */
const OUTLINED = 5;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Text as it may stand in XML, in which some characters have no way to be written. */
const text = (value: string): string =>
  label(value)
    .replace(/[&<>"]/g, (c) => ENTITIES[c]!)
    .replace(/[\ufffe\uffff]|\p{Cs}/gu, '\ufffd');
const at = (value: number): string => String(Math.round(value * 100) / 100);
const box = (x: number, y: number, width: number, height: number): string =>
  `x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}"`;
const path = (x: number, y: number, right: number, bottom: number): string =>
  `M${at(x)} ${at(y)}H${at(right)}V${at(bottom)}H${at(x)}Z`;

/** One path for each buffer, with its name; where it is too far out, cut, since what draws SVG has little precision there. */
function shapesOf({ rows, places }: Rectangles, { area, xOf, pixelOf }: Scale): string {
  const within = (value: number, from: number, size: number) => Math.min(from + size + 9, Math.max(from - 9, value));
  const paths = rows.map(() => '');
  const marks = rows.map(() => '');
  let cached = '';
  for (let i = 0; i < places.length; i += 5) {
    const [index = 0, t0 = 0, t1 = 0, y0 = 0, y1 = 0] = places.subarray(i, i + 5);
    const left = within(xOf(t0), area.left, area.width);
    const right = within(xOf(t1), area.left, area.width);
    const top = within(pixelOf(y1), area.top, area.height);
    const bottom = within(pixelOf(y0), area.top, area.height);
    const shape = path(left, top, right, bottom);
    if (index < 0) cached += shape;
    else {
      paths[index] += shape;
      // The bar at the end of what never ended: of its last place.
      marks[index] =
        right - left < OUTLINED || bottom - top < OUTLINED
          ? ''
          : path(right - Math.min(4, (right - left) / 4), top, right, bottom);
    }
  }
  const drawn = rows.map((row, index) => {
    const mark = row.alive && row.matches ? marks[index] : '';
    const look = row.matches ? `fill="${row.color}"${mark ? ' class="alive"' : ''}` : 'class="out"';
    const title = `${row.label || `buffer ${row.idText}`}, ${bytes(row.size)}`;
    return `<path ${look} d="${paths[index]}"><title>${text(title)}</title></path>${mark ? `<path class="end" d="${mark}"/>` : ''}`;
  });
  return `${cached ? `<path fill="url(#cached)" d="${cached}"/>` : ''}\n${drawn.join('\n')}`;
}

export function svgOf({ axis, scale, colors, marks, area: selected, moment, shapes }: Drawing): string {
  const { area, xOf, pixelOf, view } = scale;
  const { left, top, width, height } = area;
  const bottom = top + height;
  const times = timeTicks(axis, scale);
  const places = placeTicks(scale);
  const upright = (t: number, wide: number, look: string) =>
    `<rect class="${look}" ${box(Math.round(xOf(t)), top, wide, height)}/>`;
  const shownMarks = marks
    .map((mark) => ({ t: axis === 'event' ? mark.event : mark.timeNs, name: mark.name }))
    .filter(({ t }) => t >= view.t0 && t <= view.t1);
  const inside = [
    typeof shapes === 'string' ? `<image ${box(left, top, width, height)} href="${shapes}"/>` : shapesOf(shapes, scale),
    ...times.map((tick) => upright(tick.at, 1, 'grid')),
    ...places.map((tick) => `<rect class="grid" ${box(left, Math.round(pixelOf(tick.at)), width, 1)}/>`),
    ...shownMarks.map(({ t, name }) => upright(t, 1, 'mark').replace('/>', `><title>${text(name)}</title></rect>`)),
    moment === null ? '' : upright(moment, 2, 'moment'),
    selected
      ? `<rect class="area" ${box(xOf(selected.t0), pixelOf(selected.y1), xOf(selected.t1) - xOf(selected.t0), pixelOf(selected.y0) - pixelOf(selected.y1))}/>`
      : '',
  ];
  const axes = [
    `<rect class="line" ${box(left - 1, top, 1, height)}/><rect class="line" ${box(left - 1, bottom, width + 1, 1)}/>`,
    `<text x="12" y="${at(bottom + 17)}">${axis}</text>`,
    ...times.map(
      (tick) =>
        `<rect ${box(Math.round(xOf(tick.at)), bottom, 1, 4)}/><text text-anchor="middle" x="${at(Math.min(Math.max(xOf(tick.at), left), left + width - 24))}" y="${at(bottom + 17)}">${text(tick.text)}</text>`,
    ),
    ...places.map(
      (tick) =>
        `<rect ${box(left - 4, Math.round(pixelOf(tick.at)), 4, 1)}/><text text-anchor="end" x="${left - 8}" y="${at(Math.min(bottom - 2, Math.max(top + 11, pixelOf(tick.at) + 4)))}">${text(tick.text)}</text>`,
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box(0, 0, left + width, bottom + AXIS_HEIGHT)}>
<style>text{font:11px ui-monospace,monospace}.axes{fill:${colors.ink2}}.line{fill:${colors.line}}.grid{fill:${colors.ink};opacity:.07}.mark{fill:${colors.ink2};opacity:.5}.moment{fill:${colors.ink}}.area{fill:${colors.ink};fill-opacity:.12;stroke:${colors.ink}}.alive{stroke:${colors.aliveEdge}}.end{fill:${colors.aliveEdge}}.out{fill:${colors.cached};opacity:.25}</style>
<defs><clipPath id="plot"><rect ${box(left, top, width, height)}/></clipPath>
<pattern id="cached" width="8" height="8" patternUnits="userSpaceOnUse"><path d="M-1 1 1-1M0 8 8 0M7 9 9 7" stroke="${colors.cached}" stroke-width="1.5"/></pattern></defs>
<rect width="100%" height="100%" fill="${colors.ground}"/>
<g clip-path="url(#plot)">
${inside.filter(Boolean).join('\n')}
</g>
<g class="axes">
${axes.join('\n')}
</g>
</svg>
`;
}
