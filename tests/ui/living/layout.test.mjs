// Where stages and their members stand at every width, and what is at a point.
import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, at, fit, middle, seenBy } from "../../../classifier/ui/living/layout.js";

const pixels = { kind: "pixels", count: 784, shown: 784, rows: 28, columns: 28 };
const maps = (count, side) => ({ kind: "maps", count, shown: 12, rows: side, columns: side });
const units = (count) => ({ kind: "units", count, shown: count, rows: 1, columns: 1 });
const digits = { kind: "digits", count: 10, shown: 10 };
const NETWORKS = {
  dense: [pixels, units(512), digits],
  large: [pixels, units(4096), digits],
  conv: [pixels, maps(16, 14), maps(32, 14), maps(64, 7), units(128), digits],
  deep: [pixels, maps(32, 14), maps(48, 14), maps(64, 14), maps(96, 7), maps(112, 7), digits],
  "no hidden": [pixels, digits],
};
const WIDTHS = [280, 358, 640, 760, 1002, 1556, 1888];

for (const [name, stages] of Object.entries(NETWORKS)) {
  for (const width of WIDTHS) {
    const shape = arrange(stages, width, 13);

    test(`${name} lies within ${width} pixels, and its stages beside each other`, () => {
      const members = stages
        .slice(0, -1)
        .map((stage, number) =>
          Array.from({ length: stage.shown }, (_, place) => middle(shape.plates[number], place)),
        );
      for (const { x, y } of members.flat()) {
        assert.ok(x >= 0 && x <= width && y >= 0 && y <= shape.height, `${x}, ${y}`);
      }
      const along = shape.flow === "right" ? "x" : "y";
      for (let number = 1; number < members.length; number++) {
        const end = Math.max(...members[number - 1].map((point) => point[along]));
        const start = Math.min(...members[number].map((point) => point[along]));
        assert.ok(start > end, `${start} after ${end}`);
      }
    });

    test(`what is pointed at in ${name} at ${width} is what stands there`, () => {
      stages.slice(1, -1).forEach((stage, inner) => {
        for (let place = 0; place < stage.shown; place += 5) {
          const { x, y } = middle(shape.plates[inner + 1], place);
          const found = at(shape, stages, x, y);
          assert.deepEqual([found.stage, found.place], [inner + 1, place]);
          assert.ok(Math.abs(found.u - 0.5) < 0.01 && Math.abs(found.v - 0.5) < 0.01);
        }
      });
    });
  }
}

test("of the drawing, and beside all, nothing is pointed at", () => {
  const shape = arrange(NETWORKS.dense, 1002, 13);
  const { x, y } = middle(shape.plates[0], 400);
  assert.equal(at(shape, NETWORKS.dense, x, y), null);
  assert.equal(at(shape, NETWORKS.dense, -5, -5), null);
});

test("a phone has stages one below the other, a screen side by side", () => {
  assert.equal(arrange(NETWORKS.deep, 358, 13).flow, "down");
  assert.equal(arrange(NETWORKS.deep, 1002, 13).flow, "right");
});

test("squares are as large as they fit", () => {
  assert.deepEqual(fit(4, 100, 100), { columns: 2, side: 50 });
  assert.deepEqual(fit(10, 50, 500), { columns: 1, side: 50 });
  assert.equal(fit(16, 90, 180).columns, 3);
});

test("maps stand in full rows", () => {
  assert.equal(16 % fit(16, 90, 180, true).columns, 0);
});

test("what a place sees ends at the drawing's edge", () => {
  assert.deepEqual(seenBy([-1, 2, 5], 0, 0), [0, 0, 4, 4]);
  assert.deepEqual(seenBy([-1, 2, 5], 13, 6), [11, 25, 16, 28]);
});
