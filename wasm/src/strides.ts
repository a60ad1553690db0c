// Shapes over flat memory. Strides count elements: how far apart neighbours along each axis lie.

/** Row-major, without gaps: the last axis is the fastest. */
export function denseStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    strides[axis] = step;
    step *= shape[axis] as number;
  }
  return strides;
}

/** Elements from the first to just behind the last one that the strides reach; 0 of an empty shape. */
export function reach(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, extent, axis) => last + (extent - 1) * (strides[axis] as number), 1);
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, extent) => count * extent, 1);
}

/** Calls `visit` with the place of each element, in the order of the shape: the last axis is the fastest. */
export function forEachPlace(
  shape: readonly number[],
  strides: readonly number[],
  visit: (place: number, index: number) => void,
): void {
  let index = 0;
  const walk = (axis: number, place: number): void => {
    if (axis === shape.length) {
      visit(place, index);
      index += 1;
      return;
    }
    const stride = strides[axis] as number;
    for (let step = 0; step < (shape[axis] as number); step += 1) walk(axis + 1, place + step * stride);
  };
  walk(0, 0);
}
