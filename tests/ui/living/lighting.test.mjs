// Which links are lit, and what is said of a unit or map.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  label,
  loudestIn,
  reached,
  through,
  title,
  told,
  toward,
} from "../../../classifier/ui/living/lighting.js";

const voices = (digit, value) =>
  Float32Array.from({ length: 10 }, (_, n) => (n === digit ? value : 0));
const stage = (kind, count, side = 1) => ({
  kind,
  name: kind,
  count,
  shown: count,
  rows: side,
  columns: side,
});

const DENSE = [stage("pixels", 784, 28), stage("units", 3), stage("digits", 10)];
const FRAME = [
  { kind: "pixels", values: new Float32Array(784), shown: [1, 3], speaks: new Map(), links: [] },
  {
    kind: "units",
    values: Float32Array.of(1, 0, 0.4),
    shown: [0, 2],
    speaks: new Map([
      [0, voices(7, 1)],
      [2, voices(7, -0.5)],
    ]),
    links: [
      { from: 1, to: 0, weight: 1 },
      { from: 3, to: 2, weight: 0.8 },
    ],
  },
  { kind: "digits", values: voices(7, 1), shown: [], speaks: new Map(), links: [] },
];

test("to a digit lead those that speak for it and against it, each with its sign", () => {
  const [, into, out] = toward(FRAME, DENSE, 7, false);
  assert.deepEqual(
    out.map(({ from, to, weight }) => [from, to, weight]),
    [
      [0, 7, 1],
      [2, 7, -0.5],
    ],
  );
  assert.equal(into[0].weight, 1);
  assert.ok(into[1].weight < 0, "what excites a unit that speaks against it speaks against it");
  assert.ok(toward(FRAME, DENSE, null, false).every((links) => links.length === 0));
});

test("through a unit go its own links alone, all of them once the server has told them", () => {
  const focus = { stage: 1, member: 0 };
  const [, into, out] = through(FRAME, DENSE, focus, null);
  assert.deepEqual(
    into.map(({ from, to }) => [from, to]),
    [[1, 0]],
  );
  assert.equal(out.length, 10);
  const near = { links: [5, -127, 6, 64] };
  const told = through(FRAME, DENSE, focus, near)[1];
  assert.deepEqual(
    told.map(({ from, weight }) => [from, Math.round(weight * 2)]),
    [
      [5, -2],
      [6, 1],
    ],
  );
});

test("what links reach is lit, and what is pointed at", () => {
  const lit = reached(through(FRAME, DENSE, { stage: 1, member: 0 }, null), {
    stage: 1,
    member: 0,
  });
  assert.deepEqual(
    lit.map((members) => [...members]),
    [[1], [0], [7]],
  );
});

test("first maps are linked to where in the drawing they are loudest", () => {
  const stages = [DENSE[0], { ...stage("maps", 2, 2), field: [0, 14, 14] }, DENSE[2]];
  const maps = {
    kind: "maps",
    values: Float32Array.of(0, 0, 0, 1, 1, 0, 0, 0),
    shown: [9, 4],
    speaks: new Map([
      [9, voices(3, 1)],
      [4, voices(3, 0)],
    ]),
    links: [],
  };
  const [, into] = toward([FRAME[0], maps, FRAME[2]], stages, 3, false);
  assert.deepEqual(
    into.map(({ from, to }) => [from, to]),
    [[21 * 28 + 21, 9]],
  );
  assert.equal(loudestIn(maps.values, 1, 4), 0);
});

test("a unit is told in words", () => {
  assert.equal(title(DENSE[1], 2), "Unit 2 of units");
  assert.equal(
    told(FRAME[1], DENSE[1], 0),
    "It is at 100 % of the loudest of its layer. It speaks most for the 7.",
  );
  assert.match(told(FRAME[1], DENSE[1], 2), /at 40 % .* against the 7\.$/);
  assert.match(told(FRAME[1], DENSE[1], 1), /next to nothing/);
});

test("below a stage stands how much of it is seen", () => {
  const maps = { ...stage("maps", 64, 14), shown: 12 };
  assert.deepEqual(label(maps), ["maps", "12 of 64 maps, 14 × 14"]);
  assert.deepEqual(label(DENSE[1]), ["units", "3 units"]);
});
