/**
 * Where each stage, and each of its members, stands: from left to right where there is room, one
 * below the other on a phone. Knows nothing of what they show.
 */

const TILT = { a: 0.84, b: -0.16 }; // of a plate that is seen from the side
const LABEL = 3; // below a stage for its words, in sizes of their type
const PER_STAGE = 96; // pixels that one needs beside others
const LARGEST_DOT = 15; // pixels from one unit to the next

/** Columns of a grid of so many squares that lets them be largest in a box, and how large; full:
 * none of its rows may have less than others. */
export function fit(count, width, height, full = false) {
  let best = { columns: 1, side: 0 };
  for (let columns = 1; columns <= count; columns++) {
    if (full && count % columns) continue;
    const side = Math.min(width / columns, height / Math.ceil(count / columns));
    if (side > best.side) best = { columns, side };
  }
  return best;
}

/**
 * stages: of the network; width, and text, the size of type: pixels. The height that it takes, whether it goes "right" or
 * "down", and of each stage its plate: {matrix, width, height, columns, side, label}: a grid of
 * squares with that side, whose own coordinates the matrix puts on the screen.
 */
export function arrange(stages, width, text) {
  const inner = stages.slice(1, -1);
  const room = 260 + inner.length * PER_STAGE;
  return width >= Math.max(room, 560)
    ? rightward(stages, width, text)
    : downward(stages, width, text);
}

function plate(stage, width, height) {
  if (stage.kind === "pixels") {
    const side = Math.min(width, height) / 28;
    return { columns: 28, side, width: 28 * side, height: 28 * side };
  }
  const count = stage.shown;
  const { columns, side } = fit(count, width, height, stage.kind === "maps");
  const step = stage.kind === "units" ? Math.min(side, LARGEST_DOT) : Math.min(side, 92);
  return { columns, side: step, width: columns * step, height: Math.ceil(count / columns) * step };
}

function rightward(stages, width, text) {
  const inner = stages.length - 2;
  const height = Math.round(Math.min(Math.max(width * 0.44, 330), 660));
  const tall = height - LABEL * text - 24;
  const digits = Math.min(Math.max(width * 0.12, 92), 190);
  const first = Math.min(tall * 0.68, width * (inner > 2 ? 0.19 : 0.27));
  const gap = inner > 2 ? Math.max(width * 0.03, 16) : Math.min(width * 0.1, 130);
  const rest = width - first * TILT.a - digits - gap * (inner + 1) - 16;
  const plates = stages.map((stage, number) => {
    if (number === 0) return plate(stage, first, first);
    if (number === stages.length - 1)
      return { columns: 1, side: tall / 10, width: digits, height: tall };
    const own = rest / inner / TILT.a;
    return plate(stage, own, (tall - own * Math.abs(TILT.b)) * 0.94);
  });
  const taken = plates.slice(0, -1).reduce((sum, one) => sum + one.width * TILT.a, 0) + digits;
  const between = (width - 16 - taken) / (plates.length - 1);
  let left = 8;
  return {
    flow: "right",
    width,
    text,
    height,
    plates: plates.map((one, number) => {
      const isLast = number === plates.length - 1;
      const { a, b } = isLast ? { a: 1, b: 0 } : TILT;
      const top = 12 + (tall - one.height - b * one.width) / 2;
      const x = left;
      left += one.width * a + between;
      const label = {
        x: x + (one.width * a) / 2,
        y: height - (LABEL - 1) * text,
        width: one.width * a + between,
      };
      return { ...one, matrix: { a, b, c: 0, d: 1, e: x, f: top }, label };
    }),
  };
}

function downward(stages, width, text) {
  const inner = stages.length - 2;
  let top = 8;
  const plates = stages.map((stage, number) => {
    const isLast = number === stages.length - 1;
    let one;
    if (isLast) one = { columns: 10, side: Math.min((width - 8) / 10, 56), height: 96 };
    else if (number === 0) one = plate(stage, width * 0.45, inner > 2 ? 140 : 190);
    else if (stage.kind === "maps") one = wide(stage, 6, Math.min(width / 6, 72));
    else one = wide(stage, Math.max(Math.floor(width / 11), 1), 11);
    if (isLast) one.width = one.columns * one.side;
    const matrix = { a: 1, b: 0, c: 0, d: 1, e: (width - one.width) / 2, f: top };
    const label = { x: width / 2, y: top + one.height + 1.25 * text, width };
    top += one.height + (isLast ? 8 : LABEL * text + 8);
    return { ...one, matrix, label };
  });
  return { flow: "down", width, text, height: Math.round(top), plates };
}

function wide(stage, most, side) {
  const count = stage.shown;
  const columns = Math.min(most, count);
  return { columns, side, width: columns * side, height: Math.ceil(count / columns) * side };
}

/** A point of a plate on the screen. */
export function project({ a, b, c, d, e, f }, u, v) {
  return { x: a * u + c * v + e, y: b * u + d * v + f };
}

/** The middle of the square at a place of a plate, on the screen. */
export function middle({ matrix, columns, side, isRow, width }, place) {
  const u = ((place % columns) + 0.5) * side;
  const v = (Math.floor(place / columns) + 0.5) * side;
  return project(matrix, isRow ? Math.min(u, width) : u, v);
}

/**
 * What is at a point of the screen: {stage, place, u, v}, u and v from 0 to 1 within its square; or
 * null. Of the drawing nothing is pointed at.
 */
export function at({ plates }, stages, x, y) {
  for (let number = stages.length - 1; number > 0; number--) {
    const { matrix, columns, side, width, height } = plates[number];
    const isLast = number === stages.length - 1;
    const u = (x - matrix.e) / matrix.a;
    const v = y - matrix.f - matrix.b * u;
    if (u < 0 || v < 0 || u >= width || v >= height) continue;
    const column = isLast && columns === 1 ? 0 : Math.floor(u / side);
    const row = isLast && columns > 1 ? 0 : Math.floor(v / side);
    const place = row * columns + column;
    if (column >= columns || place >= stages[number].shown) continue;
    return { stage: number, place, u: (u / side) % 1, v: (v / side) % 1 };
  }
  return null;
}

/** Left, top, right and bottom of the pixels that a place of a map sees, within the drawing. */
export function seenBy([start, jump, size], row, column) {
  const edge = (value) => Math.min(Math.max(value, 0), 28);
  const [left, top] = [start + jump * column, start + jump * row];
  return [left, top, left + size, top + size].map(edge);
}
