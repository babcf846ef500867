/**
 * Which box is meant: by a finger that is wider than a digit, and by the arrow keys. Knows nothing of
 * the page. A box is [left, top, right, bottom], as shares of the picture.
 */

const REACH = 28; // pixels beside a box at which it is still meant

/** The number of the box that a point means, at x and y in pixels of a picture so wide and high; -1
 * for none. Of several the nearest is, by its middle where the point is in more than one. */
export function meant(boxes, x, y, wide, high) {
  let best = -1;
  let least = [REACH, Number.POSITIVE_INFINITY];
  boxes.forEach(({ box: [left, top, right, bottom] }, number) => {
    const aside = Math.max(left * wide - x, 0, x - right * wide);
    const above = Math.max(top * high - y, 0, y - bottom * high);
    const away = Math.hypot(aside, above);
    const middle = Math.hypot(((left + right) / 2) * wide - x, ((top + bottom) / 2) * high - y);
    if (away < least[0] || (away === least[0] && middle < least[1])) {
      best = number;
      least = [away, middle];
    }
  });
  return best;
}

/** The number of the box to which an arrow key leads from another; itself at the end. */
export function stepped(boxes, from, key) {
  const last = boxes.length - 1;
  if (key === "ArrowRight") return Math.min(from + 1, last);
  if (key === "ArrowLeft") return Math.max(from - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return last;
  const { box, line } = boxes[from];
  const wanted = line + (key === "ArrowDown" ? 1 : -1);
  const middle = (one) => (one[0] + one[2]) / 2;
  let best = from;
  let least = Number.POSITIVE_INFINITY;
  boxes.forEach((other, number) => {
    const away = Math.abs(middle(other.box) - middle(box));
    if (other.line === wanted && away < least) [best, least] = [number, away];
  });
  return best;
}

/** All that is on the picture: a line for each line, with a space between its numbers. */
export function textOf(boxes) {
  let text = "";
  boxes.forEach(({ digit, line, number }, place) => {
    const before = boxes[place - 1];
    if (before && before.line !== line) text += "\n";
    else if (before && before.number !== number) text += " ";
    text += digit;
  });
  return text;
}

/** How high the digits are, in pixels, where the picture has so many of height. */
export function heightOf(boxes, high) {
  const heights = boxes.map(({ box }) => (box[3] - box[1]) * high).sort((a, b) => a - b);
  return heights[Math.floor(heights.length / 2)] ?? 0;
}

/** Times the width of the room that the picture has to have for its digits to be as high as a finger
 * wants them, 1.5 to 4, where it has so many pixels of height when it is as wide as the room. */
export function enlarged(boxes, high, wanted = 36) {
  return Math.min(4, Math.max(1.5, wanted / Math.max(heightOf(boxes, high), 1)));
}
