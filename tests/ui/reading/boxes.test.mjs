/** Which box is meant, and what the boxes say together. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  enlarged,
  heightOf,
  meant,
  stepped,
  textOf,
} from "../../../classifier/ui/reading/boxes.js";
import { between, isMeant, nudged } from "../../../classifier/ui/reading/cropping.js";

const box = (digit, line, number, left, top) => ({
  digit,
  line,
  number,
  box: [left, top, left + 0.1, top + 0.2],
});
const boxes = [
  box(4, 0, 0, 0.1, 0.1),
  box(0, 0, 0, 0.3, 0.1),
  box(7, 0, 1, 0.7, 0.1),
  box(3, 1, 0, 0.12, 0.6),
  box(5, 1, 0, 0.65, 0.6),
];

test("a point in a box means it, one beside it too, one far away none", () => {
  assert.equal(meant(boxes, 150, 100, 1000, 500), 0);
  assert.equal(meant(boxes, 420, 100, 1000, 500), 1);
  assert.equal(meant(boxes, 500, 250, 1000, 500), -1);
  assert.equal(meant([], 1, 1, 10, 10), -1);
});

test("of small boxes side by side a finger means the nearest", () => {
  const small = [0, 1, 2].map((k) => ({ box: [0.1 + 0.02 * k, 0.1, 0.115 + 0.02 * k, 0.15] }));
  assert.equal(meant(small, 0.128 * 390, 60, 390, 300), 1);
});

test("arrows lead in reading order, and from line to line", () => {
  assert.equal(stepped(boxes, 2, "ArrowRight"), 3);
  assert.equal(stepped(boxes, 0, "ArrowLeft"), 0);
  assert.equal(stepped(boxes, 2, "ArrowDown"), 4);
  assert.equal(stepped(boxes, 3, "ArrowUp"), 0);
  assert.equal(stepped(boxes, 3, "ArrowDown"), 3);
  assert.equal(stepped(boxes, 3, "End"), 4);
});

test("the text has a line for each line and a space between numbers", () => {
  assert.equal(textOf(boxes), "40 7\n35");
  assert.equal(textOf([]), "");
});

test("the smaller the digits, the larger the picture becomes, within bounds", () => {
  assert.ok(Math.abs(heightOf(boxes, 100) - 20) < 1e-9);
  assert.equal(enlarged(boxes, 1000), 1.5);
  assert.equal(enlarged(boxes, 10), 4);
  assert.ok(Math.abs(enlarged(boxes, 100) - 1.8) < 1e-9);
});

test("a frame lies within the picture, whichever way it is dragged", () => {
  assert.deepEqual(between([1.4, 0.2], [0.5, -3]), [0.5, 0, 1, 0.2]);
  assert.ok(!isMeant(between([0.5, 0.5], [0.5, 0.6])));
  const [, , , bottom] = nudged([0, 0, 1, 1], "ArrowUp", false);
  assert.ok(Math.abs(bottom - 0.95) < 1e-9);
  assert.deepEqual(nudged([0, 0, 0.03, 0.03], "ArrowUp", false), [0, 0, 0.03, 0.03]);
});
