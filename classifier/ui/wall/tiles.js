/**
 * Where the drawings of a wall lie: each keeps its place while others come, and all are as large as
 * their number allows. Knows nothing of pixels on a screen, nor of what a drawing is.
 */

const TALL = 1.2; // a tile's height in widths: the square of the drawing, and its words
const GAP = 0.06; // between two tiles, in their widths

/** How tiles for so many drawings fill a room of this width and height: {columns, rows, size}, the
 * size being a tile's width with its gap. */
export const layout = (count, width, height) => {
  let best = { columns: 1, rows: 1, size: 0 };
  for (let columns = 1; columns <= Math.max(count, 1); columns++) {
    const rows = Math.ceil(Math.max(count, 1) / columns);
    const size = Math.min(width / columns, height / (rows * TALL));
    if (size > best.size) best = { columns, rows, size };
  }
  return best;
};

const MOST = 300; // drawings of a wall: no more come, so none need room
const SPARE = 1.15; // times as much room as is needed: what is there moves seldom

/** For how many drawings there is room where so many are shown. */
export const room = (count) => {
  let step = 1;
  while (step < count) step = Math.max(step + 1, Math.ceil(step * SPARE));
  return count > MOST ? count : Math.min(step, MOST);
};

export class Tiles {
  constructor() {
    this.slots = []; // drawings, or null where one was; by their places
  }

  get drawings() {
    return this.slots.filter((one) => one !== null);
  }

  /** Take these numbers away; what stays keeps its place. */
  remove(numbers) {
    const gone = new Set(numbers);
    this.slots = this.slots.map((one) => (one && gone.has(one.number) ? null : one));
    while (this.slots.length && this.slots.at(-1) === null) this.slots.pop();
  }

  /** Put a drawing into the first place that is free. */
  add(drawing) {
    const free = this.slots.indexOf(null);
    if (free < 0) this.slots.push(drawing);
    else this.slots[free] = drawing;
  }

  clear() {
    this.slots = [];
  }

  /** Where each drawing lies in a room of this width and height: [{drawing, x, y, width, height}],
   * in its pixels; the rows that there are lie in the middle. */
  places(width, height) {
    const { columns, size } = layout(room(this.slots.length), width, height);
    const rows = Math.ceil(this.slots.length / columns);
    const left = (width - columns * size) / 2;
    const top = (height - rows * size * TALL) / 2;
    const margin = (size * GAP) / 2;
    return this.slots.flatMap((drawing, place) =>
      drawing === null
        ? []
        : [
            {
              drawing,
              x: left + (place % columns) * size + margin,
              y: top + Math.floor(place / columns) * size * TALL + margin,
              width: size - 2 * margin,
              height: size * TALL - 2 * margin,
            },
          ],
    );
  }
}
