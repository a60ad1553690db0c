// The hatching that means "cached", as a canvas pattern.
const made = new Map<string, CanvasPattern>();

export function hatch(context: CanvasRenderingContext2D, color: string): CanvasPattern {
  const known = made.get(color);
  if (known) return known;
  const size = 6;
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d')!;
  pen.strokeStyle = color;
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (const offset of [-size, 0, size]) {
    pen.moveTo(offset, size);
    pen.lineTo(offset + size, 0);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, 'repeat')!;
  made.set(color, pattern);
  return pattern;
}
