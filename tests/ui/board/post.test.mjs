// Messages to the server: when they go, what is in them, and when they go again.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Post } from "../../../classifier/ui/board/post.js";
import { Drawing } from "../../../classifier/ui/board/strokes.js";

const HAVE = { number: 0, drawing: "", strokes: 0, points: 0, sum: 0, resting: true, pressed: 0 };

globalThis.location = { pathname: "/school/" };

/** A post of a blank drawing; `sent` is what left it, `said` what the visitor was told. */
const ready = (more = {}) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const drawing = new Drawing({ strokes: 100, points: 10_000 }, () => "id");
  const state = { connected: true };
  const [sent, said] = [[], []];
  const post = new Post(drawing, {
    isConnected: () => state.connected,
    say: (text) => said.push(text),
    guard: (action) => action(),
    ...more,
  });
  const setTriggerValue = (_, message) => sent.push(message);
  const hear = (have, moving = "") =>
    post.hear({ data: { have: { ...HAVE, ...have }, moving }, setTriggerValue });
  hear({});
  return { drawing, post, state, sent, said, hear };
};

const dot = (drawing) => {
  drawing.begin(10, 20, 18);
  drawing.end();
};

test.afterEach(() => mock.reset());

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

/** The same where a page may ask while the pen moves; `asked` are its requests, each with `end`,
 * which answers it. */
const asking = () => {
  const clock = { now: 0 };
  mock.method(performance, "now", () => clock.now);
  const pass = (milliseconds) => {
    for (let k = 0; k < milliseconds; k += 10) {
      clock.now += 10;
      mock.timers.tick(10);
    }
  };
  const [asked, answers] = [[], []];
  const request = (path, { method, body, signal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      const end = async (status, answer) => {
        resolve({ ok: status === 200, status, json: async () => answer });
        await new Promise(setImmediate);
      };
      asked.push({ path, method, signal, end, ...JSON.parse(body) });
    });
  const answered = (extent, answer) => answers.push([extent, answer]);
  const all = ready({ request, answered });
  all.hear({}, "key");
  all.drawing.begin(10, 20, 18);
  all.post.pump();
  return { ...all, asked, answers, pass };
};

test("while the pen moves, its drawing is asked about, whole, one request after the other", async () => {
  const { drawing, post, sent, asked, answers, pass } = asking();
  drawing.extend(30, 40);
  post.pump();
  assert.equal(asked.length, 1, "the first is not answered yet");
  await asked[0].end(200, "seven");
  assert.deepEqual(answers, [[{ drawing: "id", strokes: 1, points: 1 }, "seven"]]);
  pass(100);
  assert.equal(asked.length, 2);
  const { path, method, from, resting, strokes, number } = asked[1];
  assert.deepEqual([path, method, from, resting], ["/school/answer/key", "POST", 0, false]);
  assert.deepEqual(strokes, [[1, 18, 0, 10, 20, 30, 40]]);
  assert.equal(number, 2);
  await asked[1].end(200, "seven");
  pass(10_000);
  assert.deepEqual([asked.length, sent.length], [2, 0], "a pen that stands still asks nothing");
});

test("a lifted pen is told at once, and what was asked before is not answered any more", async () => {
  const { drawing, post, sent, asked, answers } = asking();
  drawing.end();
  post.pump();
  assert.deepEqual([sent.length, sent[0].resting, sent[0].number], [1, true, 2]);
  assert.ok(asked[0].signal.aborted);
  await asked[0].end(200, "late");
  assert.deepEqual(answers, []);
});

test("where no request is answered, the moving pen goes as messages, for a while", async () => {
  const { drawing, post, sent, asked, hear, pass } = asking();
  await asked[0].end(404);
  assert.deepEqual([asked.length, sent.length, sent[0].resting], [1, 1, false]);
  hear({ number: 2, drawing: "id", strokes: 1, points: 1, sum: 300, resting: false }, "other");
  pass(11_000);
  drawing.extend(30, 40);
  post.pump();
  assert.deepEqual([asked.length, asked[1].path], [2, "/school/answer/other"]);
});

test("a request that came while another was under way is made again", async () => {
  const { sent, asked, pass } = asking();
  await asked[0].end(429);
  pass(1000);
  assert.deepEqual([asked.length, sent.length], [2, 0]);
});

test("a request that nobody answers is ended", () => {
  const { sent, asked, said, pass } = asking();
  pass(4000);
  assert.ok(asked[0].signal.aborted);
  assert.ok(said.includes("The answer takes a while …"));
  assert.equal(asked.length + sent.length, 2);
});
