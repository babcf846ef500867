/** Where the drawings of a wall lie. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { layout, room, Tiles } from "../../../classifier/ui/wall/tiles.js";

const drawing = (number) => ({ number });
const filled = (count) => {
  const tiles = new Tiles();
  for (let number = 1; number <= count; number++) tiles.add(drawing(number));
  return tiles;
};

test("all tiles lie within the room, and none on another", () => {
  for (const count of [1, 2, 7, 30, 299, 300]) {
    for (const [width, height] of [
      [1900, 900],
      [600, 700],
      [300, 40],
    ]) {
      const places = filled(count).places(width, height);
      assert.equal(places.length, count);
      for (const { x, y, width: w, height: h } of places) {
        assert.ok(x >= 0 && y >= 0 && x + w <= width + 1e-6 && y + h <= height + 1e-6);
      }
      const corners = new Set(places.map(({ x, y }) => `${x.toFixed(2)} ${y.toFixed(2)}`));
      assert.equal(corners.size, count);
    }
  }
});

test("the fewer there are, the larger they are", () => {
  const sizes = [1, 4, 30, 300].map((count) => layout(room(count), 1900, 900).size);
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => b - a),
  );
  assert.ok(sizes[0] > 500 && sizes[3] > 50, `${sizes}`);
});

test("room is made for a few more, so that most that come move nothing", () => {
  let moved = 0;
  for (let count = 1; count < 300; count++) {
    assert.ok(room(count) >= count && room(count) <= count * 1.2 + 1);
    if (room(count) !== room(count + 1)) moved++;
  }
  assert.ok(moved < 40, `${moved}`);
});

test("what stays keeps its place when others go and come", () => {
  const tiles = filled(12);
  const at = (places, number) => places.find((one) => one.drawing.number === number);
  const before = tiles.places(1900, 900);
  tiles.remove([3, 5]);
  tiles.add(drawing(13));
  const after = tiles.places(1900, 900);
  assert.equal(after.length, 11);
  for (const number of [1, 2, 4, 6, 12]) {
    assert.deepEqual(at(after, number), at(before, number));
  }
  assert.deepEqual({ ...at(after, 13), drawing: 0 }, { ...at(before, 3), drawing: 0 });
});

test("a wall from which all went is empty, and in a room without room there is no tile", () => {
  const tiles = filled(3);
  tiles.remove([1, 2, 3]);
  assert.deepEqual(tiles.places(100, 100), []);
  assert.equal(filled(2).places(0, 0).length, 2);
});
