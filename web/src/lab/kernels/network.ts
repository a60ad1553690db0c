// What a small classifier needs beside matrix products.

export function relu(z: Float32Array, out: Float32Array): void {
  for (let i = 0; i < z.length; i++) out[i] = Math.max(z[i]!, 0);
}

/** The gradient through relu: passes where z was positive. */
export function reluGradient(z: Float32Array, upstream: Float32Array, out: Float32Array): void {
  for (let i = 0; i < z.length; i++) out[i] = z[i]! > 0 ? upstream[i]! : 0;
}

/** Each row to probabilities; the row's maximum is taken off first, so that nothing overflows. */
export function softmax(logits: Float32Array, out: Float32Array, classes: number): void {
  for (let row = 0; row < logits.length; row += classes) {
    let highest = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < classes; j++) highest = Math.max(highest, logits[row + j]!);
    let sum = 0;
    for (let j = 0; j < classes; j++) {
      const e = Math.exp(logits[row + j]! - highest);
      out[row + j] = e;
      sum += e;
    }
    for (let j = 0; j < classes; j++) out[row + j]! /= sum;
  }
}

/** One loss a row: -log of the probability given to the right class. */
export function crossEntropy(
  probabilities: Float32Array,
  labels: Uint8Array,
  out: Float32Array,
  classes: number,
): void {
  for (let i = 0; i < out.length; i++) {
    out[i] = -Math.log(Math.max(probabilities[i * classes + labels[i]!]!, 1e-12));
  }
}

/** The gradient of the mean cross-entropy by the logits: (p - one-hot) / rows. */
export function crossEntropyGradient(
  probabilities: Float32Array,
  labels: Uint8Array,
  out: Float32Array,
  classes: number,
): void {
  const rows = probabilities.length / classes;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < classes; j++) {
      const target = j === labels[i] ? 1 : 0;
      out[i * classes + j] = (probabilities[i * classes + j]! - target) / rows;
    }
  }
}

/** Gradient descent with momentum, in place: v = momentum·v + g; w -= rate·v. */
export function sgdMomentum(
  weights: Float32Array,
  velocity: Float32Array,
  gradient: Float32Array,
  rate: number,
  momentum: number,
): void {
  for (let i = 0; i < weights.length; i++) {
    const v = momentum * velocity[i]! + gradient[i]!;
    velocity[i] = v;
    weights[i]! -= rate * v;
  }
}

/** Rows of 8-bit pixels, chosen by `indices`, as floats in 0 … 1. */
export function gatherPixels(pixels: Uint8Array, indices: Uint16Array, out: Float32Array, width: number): void {
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * width;
    for (let p = 0; p < width; p++) out[i * width + p] = pixels[from + p]! / 255;
  }
}

export function gatherLabels(labels: Uint8Array, indices: Uint16Array, out: Uint8Array): void {
  for (let i = 0; i < indices.length; i++) out[i] = labels[indices[i]!]!;
}

/** The most probable class of each row. */
export function argmax(probabilities: Float32Array, out: Uint8Array, classes: number): void {
  for (let i = 0; i < out.length; i++) {
    let best = 0;
    for (let j = 1; j < classes; j++) {
      if (probabilities[i * classes + j]! > probabilities[i * classes + best]!) best = j;
    }
    out[i] = best;
  }
}
