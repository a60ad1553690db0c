// The lab's own rules, over the page's shared ones.
import { css } from 'lit';

export const labStyles = css`
  section {
    padding: var(--gap-3);
    border-top: 1px solid var(--line);
  }
  section:first-of-type {
    border-top: 0;
  }
  h2 {
    margin-bottom: var(--gap-2);
    color: var(--ink-2);
    font-size: var(--type-1);
    line-height: 16px;
  }
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
    min-width: 0;
  }
  legend {
    padding: 0;
    margin-bottom: var(--gap-2);
    color: var(--ink-2);
    font-size: var(--type-1);
    line-height: 16px;
  }
  .workload {
    display: grid;
    grid-template-columns: 16px 1fr;
    align-items: start;
    column-gap: var(--gap-2);
    margin: 0 calc(-1 * var(--gap-2));
    padding: var(--gap-1) var(--gap-2);
    border-radius: var(--radius);
    line-height: 16px;
    cursor: pointer;
  }
  .workload:hover {
    background: var(--hover);
  }
  .workload.chosen {
    background: var(--selected);
  }
  .workload input {
    appearance: none;
    width: 12px;
    height: 12px;
    margin: 2px;
    border: 1px solid var(--line-strong);
    border-radius: 50%;
    background: var(--ground);
  }
  .workload input:checked {
    border: 4px solid var(--ink);
  }
  .workload b {
    font-weight: 600;
  }
  .workload p {
    margin-top: 2px;
    color: var(--ink-2);
    font-size: var(--type-1);
  }
  .buttons {
    display: flex;
    gap: var(--gap-1);
  }
  .buttons .primary {
    flex: 1;
    justify-content: center;
    font-weight: 600;
  }
  .button:disabled {
    border-color: var(--line);
  }
  .button.primary:disabled {
    background: var(--pressed);
    border-color: var(--pressed);
    color: var(--ink-2);
  }
  .settings {
    display: grid;
    grid-template-columns: minmax(56px, auto) minmax(0, 1fr);
    align-items: center;
    gap: var(--gap-1) var(--gap-2);
  }
  .settings > span:nth-child(odd),
  .settings > label:nth-child(odd) {
    color: var(--ink-2);
  }
  .settings .control {
    display: flex;
    align-items: center;
    justify-content: flex-end;
    gap: var(--gap-1);
    min-width: 0;
  }
  .settings .segmented,
  .settings .field {
    height: 24px;
  }
  .settings .field {
    width: 84px;
    font-family: var(--mono);
    font-variant-numeric: tabular-nums;
    text-align: right;
  }
  .settings select.field {
    width: auto;
    max-width: 100%;
    font-family: inherit;
    text-align: left;
  }
  .settings .field:disabled {
    color: var(--ink-2);
    background: var(--surface);
  }
  .segmented button:disabled {
    color: var(--line-strong);
    background: none;
  }
  .segmented button {
    padding: 0 5px;
  }
  input[type='range'] {
    grid-column: 1 / -1;
    width: 100%;
    height: 16px;
    margin: 0;
    accent-color: var(--ink);
  }
  .switch {
    position: relative;
    width: 32px;
    height: 16px;
    border-radius: 8px;
    background: var(--line-strong);
    transition: background 120ms;
  }
  .switch::after {
    content: '';
    position: absolute;
    top: 2px;
    left: 2px;
    width: 12px;
    height: 12px;
    border-radius: 50%;
    background: var(--ground);
    transition: transform 120ms;
  }
  .switch[aria-checked='true'] {
    background: var(--ink);
  }
  .switch[aria-checked='true']::after {
    transform: translateX(16px);
  }
  @media (prefers-reduced-motion: reduce) {
    .switch,
    .switch::after {
      transition: none;
    }
  }
  .figures {
    display: grid;
    grid-template-columns: 1fr auto;
    gap: var(--gap-1) var(--gap-2);
    margin: 0;
  }
  .figures dt {
    display: flex;
    align-items: center;
    gap: 6px;
    color: var(--ink-2);
  }
  .figures dd {
    margin: 0;
    text-align: right;
  }
  .swatch {
    flex: none;
    width: 8px;
    height: 8px;
  }
  .swatch.live {
    background: var(--live);
  }
  .swatch.cached {
    background: repeating-linear-gradient(135deg, var(--cached) 0 1.5px, transparent 1.5px 3px);
    outline: 1px solid var(--cached);
    outline-offset: -1px;
  }
  .swatch.reserved {
    height: 2px;
    background: var(--reserved);
  }
  .bar {
    height: 8px;
    margin-bottom: var(--gap-2);
    outline: 1px solid var(--line-strong);
    outline-offset: -1px;
    background: var(--ground);
  }
  .bar svg {
    display: block;
    width: 100%;
    height: 100%;
  }
  .bar .reserved {
    fill: var(--line-strong);
  }
  .bar .cached {
    fill: var(--cached);
  }
  .bar .live {
    fill: var(--live);
  }
  .error {
    margin-top: var(--gap-2);
    padding: var(--gap-2);
    border-left: 2px solid var(--bad);
    background: var(--ground);
    color: var(--ink);
    overflow-wrap: anywhere;
  }
  .note {
    margin-top: var(--gap-2);
    color: var(--ink-2);
    font-size: var(--type-1);
  }
  table {
    width: 100%;
    margin-top: var(--gap-2);
    border-collapse: collapse;
  }
  th,
  td {
    height: 20px;
    padding: 0;
    border-bottom: 1px solid var(--line);
    font-weight: 400;
    text-align: right;
  }
  th:first-child {
    color: var(--ink-2);
    text-align: left;
  }
  td {
    padding-left: var(--gap-2);
    font-size: var(--type-1);
  }
  thead th {
    color: var(--ink-2);
    font-size: var(--type-1);
  }
  tr.differs td {
    color: var(--bad);
    font-weight: 600;
  }
  .verdict {
    display: grid;
    grid-template-columns: 16px 1fr;
    gap: var(--gap-1);
    margin-top: var(--gap-2);
    font-weight: 600;
  }
  .verdict svg {
    width: 16px;
    height: 16px;
  }
  .verdict.equal {
    color: color-mix(in srgb, var(--good) 82%, var(--ink));
  }
  .verdict.differs {
    color: var(--bad);
  }
  progress {
    width: 100%;
    height: 4px;
    margin-top: var(--gap-2);
    appearance: none;
    border: 0;
    background: var(--line);
  }
  progress::-webkit-progress-bar {
    background: var(--line);
  }
  progress::-webkit-progress-value {
    background: var(--ink);
  }
  progress::-moz-progress-bar {
    background: var(--ink);
  }
`;
