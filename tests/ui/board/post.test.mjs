// Messages to the server: when they go, what is in them, and when they go again.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Post } from "../../../classifier/ui/board/post.js";
import { Drawing } from "../../../classifier/ui/board/strokes.js";

const HAVE = { number: 0, drawing: "", strokes: 0, points: 0, sum: 0, resting: true, pressed: 0 };

/** A post of a blank drawing; `sent` is what left it, `said` what the visitor was told. */
const ready = () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const drawing = new Drawing({ strokes: 100, points: 10_000 }, () => "id");
  const state = { connected: true };
  const [sent, said] = [[], []];
  const post = new Post(drawing, {
    isConnected: () => state.connected,
    say: (text) => said.push(text),
    guard: (action) => action(),
  });
  const setTriggerValue = (_, message) => sent.push(message);
  const hear = (have) => post.hear({ data: { have: { ...HAVE, ...have } }, setTriggerValue });
  hear({});
  return { drawing, post, state, sent, said, hear };
};

const dot = (drawing) => {
  drawing.begin(10, 20, 18);
  drawing.end();
};

test.afterEach(() => mock.timers.reset());

test("a stroke is sent once, and what the server has is not sent again", () => {
  const { drawing, post, sent, hear } = ready();
  dot(drawing);
  post.pump();
  post.pump();
  assert.deepEqual(
    sent.map(({ number, strokes }) => [number, strokes]),
    [[1, [[1, 18, 0, 10, 20]]]],
  );
  hear({ number: 1, drawing: "id", strokes: 1, points: 1, sum: 300 });
  post.pump();
  mock.timers.tick(10_000);
  assert.equal(sent.length, 1);
});

test("what is not answered is sent again, and the visitor is told", () => {
  const { drawing, post, sent, said } = ready();
  dot(drawing);
  post.pump();
  for (let k = 0; k < 10; k++) mock.timers.tick(4000);
  assert.ok(sent.length >= 3);
  assert.ok(said.includes("The answer takes a while …"));
});

test("a button waits for the end of the stroke, and goes with it", () => {
  const { drawing, post, sent } = ready();
  drawing.begin(10, 20, 18);
  post.press("label-7");
  post.pump();
  assert.deepEqual(
    sent.map(({ presses }) => presses),
    [[]],
  );
  drawing.end();
  post.pump();
  assert.deepEqual(sent[1].presses, [{ name: "label-7", number: 1 }]);
});

test("nothing is sent without a connection, nor after the end", () => {
  const { drawing, post, state, sent } = ready();
  state.connected = false;
  dot(drawing);
  post.pump();
  assert.equal(sent.length, 0);
  state.connected = true;
  post.connected();
  post.close();
  mock.timers.tick(10_000);
  assert.equal(sent.length, 0);
  post.connected();
  mock.timers.tick(1500);
  assert.equal(sent.length, 1);
});

test("what a new server was told before it first spoke is sent again at once", () => {
  const { drawing, post, sent, hear } = ready();
  post.connected();
  dot(drawing);
  post.pump();
  assert.equal(sent.length, 1);
  hear({});
  post.pump();
  assert.equal(sent.length, 2);
  hear({});
  post.pump();
  assert.equal(sent.length, 2);
});
