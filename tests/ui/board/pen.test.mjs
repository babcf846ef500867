// Pointer events to strokes: one pointer at a time, and nothing beyond the edge.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pen } from "../../../classifier/ui/board/pen.js";
import { Drawing } from "../../../classifier/ui/board/strokes.js";

globalThis.document = { activeElement: null };

/** A pen on a canvas that is twice as large on the screen; `told` is what it told of. */
const ready = (limits = { strokes: 100, points: 10_000 }) => {
  let count = 0;
  const drawing = new Drawing(limits, () => `id-${++count}`);
  const frame = { getBoundingClientRect: () => ({ left: 0, top: 0, width: 560, height: 560 }) };
  const told = [];
  const tell = Object.fromEntries(
    ["full", "begun", "moved", "ended"].map((what) => [what, () => told.push(what)]),
  );
  const slate = { frame, paint() {}, line() {} };
  const pen = new Pen(drawing, slate, { value: "18" }, tell);
  const send = (type, x, y, more = {}) =>
    pen.point({
      type,
      clientX: 2 * x,
      clientY: 2 * y,
      pointerId: 1,
      pointerType: "mouse",
      isPrimary: true,
      button: 0,
      buttons: type === "pointermove" ? 1 : 0,
      preventDefault() {},
      composedPath: () => [{ setPointerCapture() {} }],
      ...more,
    });
  return { drawing, told, send };
};

const lines = (drawing) => drawing.strokes.map(({ points }) => points);

test("a stroke goes from where the pen is set down to where it is lifted", () => {
  const { drawing, told, send } = ready();
  send("pointerdown", 10, 20);
  send("pointermove", 30, 40);
  send("pointerup", 50, 60);
  assert.deepEqual(lines(drawing), [[10, 20, 30, 40, 50, 60]]);
  assert.equal(drawing.live, null);
  assert.deepEqual(told, ["begun", "moved", "ended"]);
});

test("a way over the edge and back is two strokes that end at the edge", () => {
  const { drawing, send } = ready();
  send("pointerdown", 260, 100);
  send("pointermove", 300, 100);
  send("pointermove", 300, 200);
  send("pointermove", 260, 200);
  send("pointerup", 250, 200);
  assert.deepEqual(lines(drawing), [
    [260, 100, 280, 100],
    [280, 200, 260, 200, 250, 200],
  ]);
});

test("a second finger draws nothing, and a lost end does not keep the next stroke away", () => {
  const { drawing, send } = ready();
  send("pointerdown", 10, 10, { pointerType: "touch" });
  send("pointerdown", 90, 90, { pointerType: "touch", pointerId: 2, isPrimary: false });
  send("pointermove", 95, 95, { pointerId: 2 });
  assert.deepEqual(lines(drawing), [[10, 10]]);
  send("pointerdown", 50, 50, { pointerType: "touch", pointerId: 3 });
  assert.deepEqual(lines(drawing), [
    [10, 10],
    [50, 50],
  ]);
});

test("what is exchanged while the pen is outside is not drawn on", () => {
  const { drawing, send } = ready();
  send("pointerdown", 260, 100);
  send("pointermove", 300, 100);
  drawing.clear();
  send("pointermove", 260, 120);
  assert.deepEqual(lines(drawing), []);
});

test("a full board says so and begins nothing", () => {
  const { drawing, told, send } = ready({ strokes: 0, points: 10 });
  send("pointerdown", 10, 10);
  assert.deepEqual(told, ["full"]);
  assert.deepEqual(lines(drawing), []);
});
