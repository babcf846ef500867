// A frame as numbers, and in one sentence.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inWords, loudest, triples, unpack } from "../../../classifier/ui/living/unpack.js";

const packed = (...values) => btoa(String.fromCharCode(...values.map((value) => value & 255)));
const voices = (digit, value) => Array.from({ length: 10 }, (_, n) => (n === digit ? value : 0));

const STAGES = [
  { kind: "pixels", count: 4 },
  { kind: "units", count: 3 },
  { kind: "digits", count: 10 },
];
const stage = (more) => ({ values: "", shown: [], speaks: "", says: 1, links: [], ...more });
const frame = (answer) => ({
  answer,
  stages: [
    stage({ values: packed(0, 255, 0, 51), speaks: packed(...voices(7, 127), ...voices(7, -127)) }),
    stage({
      values: packed(255, 0, 102),
      shown: [0, 2],
      speaks: packed(...voices(7, 127), ...voices(7, -64)),
      links: [1, 0, 127, 3, 2, -127],
    }),
    stage({}),
  ],
});
const seven = voices(7, 0.982);

test("values, voices and links come out as they went in", () => {
  const [pixels, hidden, digits] = unpack(STAGES, frame(seven));
  assert.deepEqual(
    [...pixels.values].map((value) => Math.round(value * 10)),
    [0, 10, 0, 2],
  );
  assert.deepEqual(pixels.shown, [1, 3]);
  assert.equal(pixels.speaks.get(3)[7], -1);
  assert.equal(hidden.speaks.get(0)[7], 1);
  assert.ok(Math.abs(hidden.speaks.get(2)[7] + 64 / 127) < 1e-6);
  assert.deepEqual(hidden.links, [
    { from: 1, to: 0, weight: 1 },
    { from: 3, to: 2, weight: -1 },
  ]);
  assert.equal(digits.values.length, 10);
});

test("links come in threes", () => {
  assert.deepEqual(triples([]), []);
  assert.equal(triples([1, 2, 3, 4, 5, 6]).length, 2);
});

test("who speaks for a digit is not who speaks against it", () => {
  const hidden = unpack(STAGES, frame(seven))[1];
  assert.deepEqual(loudest(hidden, 7, 1, 3), [0]);
  assert.deepEqual(loudest(hidden, 7, -1, 3), [2]);
  assert.deepEqual(loudest(hidden, 3, 1, 3), []);
});

test("one sentence says what is read and who spoke", () => {
  const read = unpack(STAGES, frame(seven));
  assert.equal(
    inWords(read, true, null),
    "Read as a 7 with 98.2 %: for the 7 speak most unit 0, against it unit 2.",
  );
  assert.equal(inWords(read, true, 3), "Read as a 7 with 98.2 %.");
  assert.match(inWords(read, false, null), /^Nothing is drawn yet/);
  assert.match(
    inWords(unpack(STAGES, frame(voices(8, 1))), true, null),
    /^Read as an 8 with > 99.9 %/,
  );
});
