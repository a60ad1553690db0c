// Products of row-major matrices. The innermost loop always walks along rows, so that memory is
// read in order; `transpose` names the operand that is stored the other way round.

/** out[m,n] = a[m,k] · b[k,n]. Zeros of `a` cost nothing: most pixels of a digit are background. */
export function matmul(a: Float32Array, b: Float32Array, out: Float32Array, m: number, k: number, n: number): void {
  out.fill(0);
  for (let i = 0; i < m; i++) {
    const row = i * n;
    for (let p = 0; p < k; p++) {
      const factor = a[i * k + p]!;
      if (factor === 0) continue;
      const from = p * n;
      for (let j = 0; j < n; j++) out[row + j]! += factor * b[from + j]!;
    }
  }
}

/** out[m,n] = aᵀ · b with a[k,m], b[k,n]: a weight's gradient. */
export function matmulTransposeA(
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
  m: number,
  k: number,
  n: number,
): void {
  out.fill(0);
  for (let p = 0; p < k; p++) {
    const from = p * n;
    for (let i = 0; i < m; i++) {
      const factor = a[p * m + i]!;
      if (factor === 0) continue;
      const row = i * n;
      for (let j = 0; j < n; j++) out[row + j]! += factor * b[from + j]!;
    }
  }
}

/** out[m,n] = a · bᵀ with a[m,k], b[n,k]: an activation's gradient. */
export function matmulTransposeB(
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
  m: number,
  k: number,
  n: number,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a[i * k + p]! * b[j * k + p]!;
      out[i * n + j] = sum;
    }
  }
}

/** Adds a bias to every row, in place. */
export function addBias(rows: Float32Array, bias: Float32Array): void {
  const n = bias.length;
  for (let i = 0; i < rows.length; i += n) for (let j = 0; j < n; j++) rows[i + j]! += bias[j]!;
}

/** out[n] = the sum of the rows: a bias's gradient. */
export function sumRows(rows: Float32Array, out: Float32Array): void {
  const n = out.length;
  out.fill(0);
  for (let i = 0; i < rows.length; i += n) for (let j = 0; j < n; j++) out[j]! += rows[i + j]!;
}
