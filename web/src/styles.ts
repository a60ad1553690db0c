// Rules that every component shares: controls, focus, numbers. Sizes and colours come from tokens.css.
import { css } from 'lit';

export const base = css`
  :host {
    box-sizing: border-box;
    display: block;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  :focus-visible {
    outline: 2px solid var(--ink);
    outline-offset: -2px;
    border-radius: var(--radius);
  }
  h2,
  h3,
  p {
    margin: 0;
    font-size: inherit;
    font-weight: inherit;
  }
  .number {
    font-family: var(--mono);
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .muted {
    color: var(--ink-2);
  }
  .caption {
    color: var(--ink-2);
    font-size: var(--type-1);
    line-height: 16px;
  }
  /* What is told by its colour keeps it, and what is chosen has the system's. */
  @media (forced-colors: active) {
    i {
      forced-color-adjust: none;
    }
    [aria-pressed='true'],
    [aria-selected='true'] {
      forced-color-adjust: none;
      background: Highlight !important;
      color: HighlightText !important;
    }
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;

export const controls = css`
  button,
  select,
  input {
    font: inherit;
    color: inherit;
  }
  button {
    appearance: none;
    border: 0;
    background: none;
    padding: 0;
    text-align: inherit;
    cursor: pointer;
  }
  button:disabled {
    color: var(--ink-2);
    cursor: default;
  }
  .button {
    display: inline-flex;
    align-items: center;
    gap: var(--gap-1);
    height: 28px;
    padding: 0 var(--gap-3);
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--ground);
    white-space: nowrap;
  }
  .button:hover:not(:disabled) {
    background: var(--hover);
  }
  .button:active:not(:disabled) {
    background: var(--pressed);
  }
  .button.primary {
    background: var(--ink);
    border-color: var(--ink);
    color: var(--ground);
  }
  .button.primary:hover:not(:disabled) {
    background: var(--ink-2);
    border-color: var(--ink-2);
  }
  .button.quiet {
    border-color: transparent;
    background: none;
    padding: 0 var(--gap-2);
  }
  .button.quiet:hover:not(:disabled) {
    background: var(--hover);
  }
  .button.small {
    height: 20px;
    padding: 0 var(--gap-2);
  }
  .segmented {
    display: inline-flex;
    height: 28px;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    overflow: hidden;
    background: var(--ground);
  }
  .segmented.small {
    height: 20px;
  }
  .segmented button {
    padding: 0 var(--gap-3);
    color: var(--ink-2);
    white-space: nowrap;
  }
  .segmented.small button {
    padding: 0 var(--gap-2);
  }
  .segmented button + button {
    border-left: 1px solid var(--line);
  }
  .segmented button:hover {
    background: var(--hover);
  }
  .segmented button[aria-pressed='true'],
  .segmented button[aria-checked='true'] {
    background: var(--selected);
    color: var(--ink);
  }
  .field {
    height: 28px;
    padding: 0 var(--gap-2);
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--ground);
    min-width: 0;
  }
  .field::placeholder {
    color: var(--ink-2);
    opacity: 1;
  }
  select.field.small {
    height: 20px;
    padding: 0 var(--gap-1);
  }
  kbd {
    display: inline-block;
    min-width: 20px;
    padding: 0 var(--gap-1);
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--ground);
    font: var(--type-1) / 16px var(--mono);
    text-align: center;
  }
`;

/** What stands in the panel on the right: a heading with a way to close it, sections, names with values. */
export const answer = css`
  header {
    display: flex;
    align-items: start;
    gap: var(--gap-2);
    padding: var(--gap-2) var(--gap-2) var(--gap-2) var(--gap-3);
    border-bottom: 1px solid var(--line);
  }
  header > :first-child {
    flex: 1;
    min-width: 0;
  }
  h2 {
    font-size: var(--type-3);
    font-weight: 600;
    line-height: 20px;
  }
  h3 {
    font-weight: 600;
    line-height: 24px;
  }
  section {
    padding: var(--gap-2) var(--gap-3);
    border-bottom: 1px solid var(--line);
  }
  dl {
    display: grid;
    grid-template-columns: 80px minmax(0, 1fr);
    gap: 0 var(--gap-2);
    margin: 0;
    line-height: 20px;
  }
  dt {
    color: var(--ink-2);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
    max-height: 120px;
    overflow: auto;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: var(--gap-2);
    padding: var(--gap-1) 0;
  }
`;

/** Tables of figures under names that are cut where there is no room. */
export const tables = css`
  table {
    width: 100%;
    border-collapse: collapse;
  }
  th,
  td {
    height: 24px;
    padding: 0 0 0 var(--gap-3);
    font-weight: 400;
    text-align: left;
    white-space: nowrap;
  }
  th:last-child,
  td:last-child {
    padding-right: var(--gap-3);
  }
  thead th {
    color: var(--ink-2);
  }
  .right {
    text-align: right;
  }
  .share {
    color: var(--ink-2);
  }
  .name {
    width: 100%;
    max-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .name button {
    display: block;
    width: 100%;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    line-height: 23px;
  }
  tbody tr.pick:hover {
    background: var(--hover);
  }
`;

/** Views that answer a question with a table of groups or buffers. */
export const answers = css`
  :host {
    overflow: auto;
  }
  .above {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--gap-1) var(--gap-4);
    min-height: 36px;
    padding: var(--gap-1) var(--gap-3);
    border-bottom: 1px solid var(--line);
  }
  .above .told {
    color: var(--ink-2);
  }
  th,
  td {
    border-bottom: 1px solid var(--grid);
  }
  .name {
    min-width: 112px;
  }
  .none {
    padding: var(--gap-6);
    text-align: center;
    color: var(--ink-2);
  }
`;

/** What lies over the page and holds it back until it is answered. */
export const dialogs = css`
  dialog {
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--raised);
    color: var(--ink);
    box-shadow: var(--shadow);
  }
  dialog::backdrop {
    background: var(--veil);
  }
`;
