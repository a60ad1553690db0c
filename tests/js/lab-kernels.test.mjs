// The lab's kernels against references written the plain way.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { labModule } from './lab-modules.mjs';

const { Random } = await labModule('random');
const matrix = await labModule('kernels/matrix');
const network = await labModule('kernels/network');
const image = await labModule('kernels/image');
const { drawPicture } = await labModule('kernels/picture');

const random = new Random(20);
const floats = (n, scale = 1) => Float32Array.from({ length: n }, () => scale * random.normal());

function close(actual, expected, tolerance, what) {
  assert.equal(actual.length, expected.length, what);
  for (let i = 0; i < actual.length; i++) {
    assert.ok(
      Math.abs(actual[i] - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i])),
      `${what}: element ${i} is ${actual[i]}, expected ${expected[i]}`,
    );
  }
}

/** a[m,k] · b[k,n], with accessors so that a transposed operand needs no copy. */
function naive(a, b, m, k, n) {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let p = 0; p < k; p++) out[i * n + j] += a(i, p) * b(p, j);
  return out;
}

describe('random numbers', () => {
  test('the same seed gives the same numbers, another seed others', () => {
    const draw = (seed) => {
      const source = new Random(seed);
      return Array.from({ length: 50 }, () => source.uint32());
    };
    assert.deepEqual(draw(5), draw(5));
    assert.notDeepEqual(draw(5), draw(6));
  });

  test('normal numbers have mean 0 and deviation 1', () => {
    const source = new Random(3);
    const n = 40_000;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const x = source.normal();
      sum += x;
      squares += x * x;
    }
    assert.ok(Math.abs(sum / n) < 0.02);
    assert.ok(Math.abs(squares / n - 1) < 0.03);
  });

  test('a shuffle keeps every item', () => {
    const items = Uint16Array.from({ length: 100 }, (_, i) => i);
    new Random(1).shuffle(items);
    assert.notDeepEqual(
      [...items],
      [...items].sort((a, b) => a - b),
    );
    assert.deepEqual(
      [...items].sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => i),
    );
  });
});

describe('matrix products', () => {
  const [m, k, n] = [5, 7, 3];

  test('matmul equals the triple loop, zeros included', () => {
    const a = floats(m * k);
    a[3] = 0;
    const b = floats(k * n);
    const out = new Float32Array(m * n).fill(9);
    matrix.matmul(a, b, out, m, k, n);
    close(
      out,
      naive(
        (i, p) => a[i * k + p],
        (p, j) => b[p * n + j],
        m,
        k,
        n,
      ),
      1e-5,
      'matmul',
    );
  });

  test('with the first operand transposed it equals the triple loop', () => {
    const a = floats(k * m);
    const b = floats(k * n);
    const out = new Float32Array(m * n).fill(9);
    matrix.matmulTransposeA(a, b, out, m, k, n);
    close(
      out,
      naive(
        (i, p) => a[p * m + i],
        (p, j) => b[p * n + j],
        m,
        k,
        n,
      ),
      1e-5,
      'matmulTransposeA',
    );
  });

  test('with the second operand transposed it equals the triple loop', () => {
    const a = floats(m * k);
    const b = floats(n * k);
    const out = new Float32Array(m * n).fill(9);
    matrix.matmulTransposeB(a, b, out, m, k, n);
    close(
      out,
      naive(
        (i, p) => a[i * k + p],
        (p, j) => b[j * k + p],
        m,
        k,
        n,
      ),
      1e-5,
      'matmulTransposeB',
    );
  });
});

describe('the network', () => {
  test('softmax of huge logits stays finite and sums to one', () => {
    const logits = Float32Array.from([1000, 1001, 999, -1000, 0, 1000]);
    const p = new Float32Array(6);
    network.softmax(logits, p, 3);
    for (const row of [p.subarray(0, 3), p.subarray(3)]) {
      assert.ok(Math.abs(row[0] + row[1] + row[2] - 1) < 1e-6);
      assert.ok(row.every((value) => value >= 0 && value <= 1));
    }
    assert.ok(p[1] > p[0] && p[0] > p[2]);
  });

  test('the gradients agree with finite differences of the loss', () => {
    const [rows, inputs, hidden, classes] = [4, 6, 5, 3];
    const x = floats(rows * inputs);
    const y = Uint8Array.from([0, 2, 1, 2]);
    const weights = {
      w1: floats(inputs * hidden, 0.5),
      b1: floats(hidden, 0.1),
      w2: floats(hidden * classes, 0.5),
      b2: floats(classes, 0.1),
    };
    const forward = () => {
      const z1 = new Float32Array(rows * hidden);
      matrix.matmul(x, weights.w1, z1, rows, inputs, hidden);
      matrix.addBias(z1, weights.b1);
      const a1 = new Float32Array(rows * hidden);
      network.relu(z1, a1);
      const z2 = new Float32Array(rows * classes);
      matrix.matmul(a1, weights.w2, z2, rows, hidden, classes);
      matrix.addBias(z2, weights.b2);
      const p = new Float32Array(rows * classes);
      network.softmax(z2, p, classes);
      const losses = new Float32Array(rows);
      network.crossEntropy(p, y, losses, classes);
      return { z1, a1, p, loss: losses.reduce((sum, value) => sum + value, 0) / rows };
    };

    const { z1, a1, p } = forward();
    const dz2 = new Float32Array(rows * classes);
    network.crossEntropyGradient(p, y, dz2, classes);
    const gradients = {
      w1: new Float32Array(inputs * hidden),
      b1: new Float32Array(hidden),
      w2: new Float32Array(hidden * classes),
      b2: new Float32Array(classes),
    };
    matrix.matmulTransposeA(a1, dz2, gradients.w2, hidden, rows, classes);
    matrix.sumRows(dz2, gradients.b2);
    const da1 = new Float32Array(rows * hidden);
    matrix.matmulTransposeB(dz2, weights.w2, da1, rows, classes, hidden);
    const dz1 = new Float32Array(rows * hidden);
    network.reluGradient(z1, da1, dz1);
    matrix.matmulTransposeA(x, dz1, gradients.w1, inputs, rows, hidden);
    matrix.sumRows(dz1, gradients.b1);

    const step = 1e-2;
    for (const [name, values] of Object.entries(weights)) {
      for (let i = 0; i < values.length; i++) {
        const kept = values[i];
        values[i] = kept + step;
        const above = forward().loss;
        values[i] = kept - step;
        const below = forward().loss;
        values[i] = kept;
        const slope = (above - below) / (2 * step);
        assert.ok(Math.abs(slope - gradients[name][i]) < 5e-3, `${name}[${i}]: ${gradients[name][i]}, slope ${slope}`);
      }
    }
  });

  test('momentum carries the step on', () => {
    const w = Float32Array.from([1]);
    const v = Float32Array.from([0]);
    network.sgdMomentum(w, v, Float32Array.from([2]), 0.1, 0.5); // v = 2, w = 0.8
    network.sgdMomentum(w, v, Float32Array.from([0]), 0.1, 0.5); // v = 1, w = 0.7
    close(w, [0.7], 1e-6, 'weights');
    close(v, [1], 1e-6, 'velocity');
  });
});

describe('picture kernels', () => {
  const [width, height] = [11, 7];
  const rgba = Float32Array.from({ length: width * height * 4 }, () => random.uniform());

  test('the two blur passes equal one two-dimensional Gaussian with clamped borders', () => {
    const sigma = 1.3;
    const half = image.gaussianWeights(sigma);
    const radius = half.length - 1;
    const weight = (offset) => half[Math.abs(offset)];
    assert.ok(Math.abs(half.reduce((sum, w, i) => sum + (i === 0 ? w : 2 * w), 0) - 1) < 1e-6);
    const rows = new Float32Array(rgba.length);
    const out = new Float32Array(rgba.length);
    image.blurRows(rgba, rows, width, height, half);
    image.blurColumns(rows, out, width, height, half);
    const expected = Float64Array.from(rgba);
    const at = (x, y, c) =>
      rgba[(Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))) * 4 + c];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let j = -radius; j <= radius; j++) {
            for (let i = -radius; i <= radius; i++) sum += weight(i) * weight(j) * at(x + i, y + j, c);
          }
          expected[(y * width + x) * 4 + c] = sum;
        }
      }
    }
    close(out, expected, 1e-5, 'blur');
  });

  test('Sobel of a vertical step is 1 on both sides of it and 0 elsewhere', () => {
    const luma = new Float32Array(width * height);
    for (let y = 0; y < height; y++) for (let x = 5; x < width; x++) luma[y * width + x] = 1;
    const edges = new Float32Array(luma.length);
    image.sobel(luma, edges, width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        assert.ok(Math.abs(edges[y * width + x] - (x === 4 || x === 5 ? 1 : 0)) < 1e-6, `at ${x}, ${y}`);
      }
    }
  });

  test('resizing to the same size changes nothing, to half averages neighbours', () => {
    const same = new Float32Array(rgba.length);
    image.resizeBilinear(rgba, width, height, same, width, height);
    close(same, rgba, 1e-6, 'same size');
    const four = Float32Array.from([0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1]); // 2 × 2
    const one = new Float32Array(4);
    image.resizeBilinear(four, 2, 2, one, 1, 1);
    close(one, [0.5, 0.5, 0, 1], 1e-6, 'half');
  });

  test('a half-opaque layer mixes half and half, and is cut at the border', () => {
    const under = new Float32Array(4 * 4).fill(1); // 2 × 2, white
    const top = Float32Array.from([0, 0, 0, 0.5, 0, 0, 0, 0.5]); // 2 × 1, black at half
    image.compositeOver(under, 2, 2, top, 2, 1, 1, 1);
    close(under.subarray(0, 12), new Float32Array(12).fill(1), 0, 'untouched');
    close(under.subarray(12), [0.5, 0.5, 0.5, 1], 1e-6, 'covered');
  });

  test('the built-in picture depends on nothing but the seed', () => {
    const draw = (seed) => {
      const out = new Uint8ClampedArray(40 * 30 * 4);
      drawPicture(out, 40, 30, seed);
      return out;
    };
    assert.deepEqual(draw(4), draw(4));
    assert.notDeepEqual(draw(4), draw(5));
    assert.ok(draw(4).every((value, i) => i % 4 !== 3 || value === 255));
  });
});
