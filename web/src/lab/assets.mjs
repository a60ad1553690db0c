// What the lab adds to the page at build time: the handwritten digits.
import { packDigits } from '../../samples/make.mjs';

export default function labAssets() {
  return { 'lab/digits.bin.gz': packDigits() };
}
