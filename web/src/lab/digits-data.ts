// The packed digits, as web/samples/make.mjs writes them, back to 8 bits a pixel.

export interface Digits {
  train: number;
  test: number;
  width: number;
  /** Training images first. */
  labels: Uint8Array;
  pixels: Uint8Array;
}

const BRIGHTEST = 7;

export function unpackDigits(packed: Uint8Array): Digits {
  const magic = String.fromCharCode(...packed.subarray(0, 4));
  if (magic !== 'DGT1') throw new Error(`digits: expected "DGT1" at byte 0, found "${magic}"`);
  const header = new DataView(packed.buffer, packed.byteOffset);
  const train = header.getUint16(4, true);
  const test = header.getUint16(6, true);
  const width = header.getUint16(8, true);
  const height = header.getUint16(10, true);
  const count = train + test;
  const halves = packed.subarray(12 + count);
  if (halves.length * 2 !== count * width * height) {
    throw new Error(`digits: expected ${(count * width * height) / 2} bytes of pixels, found ${halves.length}`);
  }
  const pixels = new Uint8Array(count * width * height);
  for (let i = 0; i < halves.length; i++) {
    pixels[2 * i] = ((halves[i]! >> 4) * 255) / BRIGHTEST;
    pixels[2 * i + 1] = ((halves[i]! & 15) * 255) / BRIGHTEST;
  }
  return { train, test, width, labels: packed.slice(12, 12 + count), pixels };
}
