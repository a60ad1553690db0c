// The page's colours and fonts for what is drawn on canvases, read once a theme.
export interface Colors {
  ground: string;
  ink: string;
  ink2: string;
  line: string;
  cached: string;
  aliveEdge: string;
  sans: string;
  mono: string;
}

export function readColors(): Colors {
  const computed = getComputedStyle(document.documentElement);
  const value = (name: string): string => computed.getPropertyValue(`--${name}`).trim();
  return {
    ground: value('ground'),
    ink: value('ink'),
    ink2: value('ink-2'),
    line: value('line'),
    cached: value('cached'),
    aliveEdge: value('alive-edge'),
    sans: value('sans'),
    mono: value('mono'),
  };
}
