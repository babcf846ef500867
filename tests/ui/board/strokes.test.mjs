// The browser's drawing: its history, its messages, and what a command of the server leaves of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Drawing, Pace } from "../../../classifier/ui/board/strokes.js";

const LIMITS = { strokes: 100, points: 10_000 };

const blank = (limits = LIMITS) => {
  let count = 0;
  return new Drawing(limits, () => `id-${++count}`);
};

const line = (drawing, ...points) => {
  drawing.begin(points[0], points[1], 18);
  for (let k = 2; k < points.length; k += 2) drawing.extend(points[k], points[k + 1]);
  drawing.end();
};

/** A server that takes in what `news` gave: what it has then. */
const server = (drawing) => {
  const kept = { drawing: "", strokes: [], number: 0 };
  return (news) => {
    const before = kept.drawing === news.drawing ? kept.strokes.slice(0, news.from) : [];
    for (const [place, [number, pen, skip, ...points]] of news.strokes.entries()) {
      const known = kept.strokes[news.from + place]?.points.slice(0, 2 * skip) ?? [];
      before.push({ number, pen, points: [...known, ...points] });
    }
    Object.assign(kept, { drawing: news.drawing, strokes: before });
    const last = before[before.length - 1];
    drawing.hear({
      number: ++kept.number,
      drawing: kept.drawing,
      strokes: before.length,
      points: (last?.points.length ?? 0) / 2,
      sum: before.flatMap(({ points }) => points).reduce((sum, x) => sum + Math.round(10 * x), 0),
      resting: news.resting,
      pressed: 0,
    });
    return kept;
  };
};

test("only what is new travels, and the whole arrives", () => {
  const drawing = blank();
  const take = server(drawing);
  drawing.begin(10, 10, 18);
  drawing.extend(20, 10);
  take(drawing.news());
  drawing.extend(30, 10);
  const second = drawing.news();
  assert.deepEqual(second.strokes, [[1, 18, 2, 30, 10]]);
  take(second);
  drawing.end();
  line(drawing, 50, 50, 60, 60);
  const third = drawing.news();
  assert.equal(third.from, 1);
  assert.equal(third.resting, true);
  const kept = take(third);
  assert.deepEqual(kept.strokes, drawing.strokes);
  assert.equal(drawing.news(), null);
});

test("a lifted pen is news even where it draws nothing more", () => {
  const drawing = blank();
  const take = server(drawing);
  drawing.begin(10, 10, 18);
  take(drawing.news());
  assert.equal(drawing.news(), null);
  drawing.end();
  assert.deepEqual(drawing.news().strokes, []);
});

test("a server that has nothing, or something else, is sent the whole", () => {
  const drawing = blank();
  const take = server(drawing);
  line(drawing, 10, 10, 20, 20);
  take(drawing.news());
  const nothing = { number: 0, drawing: "", strokes: 0, points: 0, resting: true, pressed: 0 };
  drawing.hear(nothing);
  assert.equal(drawing.news().strokes[0].length, 3 + 4);
  drawing.hear({ ...nothing, drawing: drawing.id, strokes: 1, points: 99 });
  assert.equal(drawing.news().from, 0);
});

test("a server that has other points than were drawn is sent the whole", () => {
  const drawing = blank();
  const take = server(drawing);
  line(drawing, 10, 10, 20.4, 20);
  take(drawing.news());
  assert.equal(drawing.news(), null);
  drawing.hear({ ...drawing.have, sum: drawing.have.sum + 1 });
  assert.equal(drawing.news().strokes[0].length, 3 + 4);
});

test("nothing drawn and nothing known is no news; a cleared drawing is", () => {
  const drawing = blank();
  const take = server(drawing);
  assert.equal(drawing.news(), null);
  line(drawing, 10, 10, 20, 20);
  take(drawing.news());
  assert.equal(drawing.clear(), true);
  assert.deepEqual(take(drawing.news()).strokes, []);
  assert.equal(drawing.clear(), false);
});

test("undo and redo go stroke by stroke, also past a clearing", () => {
  const drawing = blank();
  line(drawing, 10, 10, 20, 20);
  line(drawing, 30, 30, 40, 40);
  drawing.clear();
  drawing.undo();
  assert.equal(drawing.strokes.length, 2);
  drawing.undo();
  drawing.undo();
  assert.equal(drawing.isEmpty, true);
  assert.equal(drawing.undo(), false);
  drawing.redo();
  assert.equal(drawing.strokes.length, 1);
  line(drawing, 50, 50, 60, 60);
  assert.equal(drawing.redo(), false, "a new stroke ends what could be done again");
});

test("undo takes the stroke that is being drawn", () => {
  const drawing = blank();
  drawing.begin(10, 10, 18);
  drawing.undo();
  assert.equal(drawing.live, null);
  assert.equal(drawing.extend(50, 50), false);
  assert.equal(drawing.isEmpty, true);
});

const command = (id, follows, strokes = []) => ({ id, follows, image: null, strokes });

test("a command replaces what it follows, and leaves what was begun after", () => {
  const drawing = blank();
  line(drawing, 10, 10, 20, 20); // stroke 1: known to the server
  line(drawing, 30, 30, 40, 40); // stroke 2: begun while the command was on its way
  drawing.begin(50, 50, 18); // stroke 3: still being drawn
  assert.equal(drawing.apply(command("sample", 1, [[12, 1, 2, 3, 4]])), true);
  assert.deepEqual(
    drawing.strokes.map((stroke) => stroke.number),
    [0, 2, 3],
  );
  assert.equal(drawing.extend(60, 60), true, "the pen goes on");
  drawing.end();
  assert.equal(drawing.id, "sample");
  drawing.undo();
  drawing.undo();
  assert.deepEqual(drawing.strokes, [{ number: 0, pen: 12, points: [1, 2, 3, 4] }]);
  drawing.undo();
  assert.deepEqual(
    drawing.strokes.map((stroke) => stroke.number),
    [1],
  );
});

test("a stroke that was begun before belongs to the drawing it was begun on", () => {
  const drawing = blank();
  drawing.begin(10, 10, 18);
  drawing.extend(20, 20);
  drawing.apply(command("empty", 1));
  assert.equal(drawing.extend(30, 30), false);
  assert.equal(drawing.isEmpty, true);
  drawing.undo();
  assert.equal(drawing.strokes.length, 1);
});

test("a command is done once", () => {
  const drawing = blank();
  drawing.apply(command("empty", 0));
  line(drawing, 10, 10, 20, 20);
  assert.equal(drawing.apply(command("empty", 0)), false);
  assert.equal(drawing.strokes.length, 1);
  assert.equal(drawing.news().applied, "empty");
});

test("it outlives its page, and what makes no sense is not taken", () => {
  const drawing = blank();
  line(drawing, 10, 10, 20.04, 20);
  const other = blank();
  assert.equal(other.restore(drawing.stored()), true);
  assert.deepEqual(other.strokes, drawing.strokes);
  assert.equal(other.id, drawing.id);
  other.begin(1, 1, 18);
  assert.equal(other.live.number, 2, "numbers go on rising");
  for (const text of ["", "{}", "null", "[1]", '{"id":1,"strokes":[],"next":1}', "{"]) {
    const third = blank();
    assert.equal(third.restore(text), false);
    assert.equal(third.isEmpty, true);
  }
  const odd = '{"id":"a","next":1,"strokes":[{"number":1,"pen":18,"points":[null]}]}';
  assert.equal(blank().restore(odd), false);
});

test("a drawing has no more than it may", () => {
  const few = blank({ strokes: 2, points: 10_000 });
  line(few, 1, 1, 9, 9);
  line(few, 1, 1, 9, 9);
  assert.equal(few.begin(1, 1, 18), false);
  const short = blank({ strokes: 100, points: 150 });
  short.begin(0, 0, 18);
  for (let k = 1; k < 1000; k++) short.extend(k % 280, k % 7);
  assert.ok(short.live.points.length / 2 <= 250);
});

test("a pen that hardly moves adds no points", () => {
  const drawing = blank();
  drawing.begin(10, 10, 18);
  assert.equal(drawing.extend(10.3, 10.3), false);
  assert.equal(drawing.extend(10.6, 10.6), true);
});

test("while the pen moves, the next message waits for an answer, and then as long again by half", () => {
  let now = 0;
  const pace = new Pace(() => now);
  assert.equal(pace.wait(), 0);
  pace.sent(1);
  now = 10;
  assert.equal(pace.wait(), Number.POSITIVE_INFINITY);
  pace.heard(1);
  assert.equal(pace.wait(), 40, "a quick server: 50 ms from one to the next");
  now = 200;
  pace.sent(2);
  now = 600;
  pace.heard(1);
  assert.equal(pace.wait(), Number.POSITIVE_INFINITY, "an older answer is not this one's");
  pace.heard(2);
  assert.equal(pace.wait(), 200, "a slow one hears less");
  pace.sent(3);
  pace.lost();
  assert.equal(pace.wait(), 0);
});
