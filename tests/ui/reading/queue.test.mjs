/** Messages go one at a time, none is lost, and none comes to another picture. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Queue } from "../../../classifier/ui/reading/queue.js";

const begun = () => {
  const sent = [];
  const queue = new Queue((message) => sent.push(message));
  queue.begin(3, 7);
  return [queue, sent];
};

test("the next goes when the one before is done", () => {
  const [queue, sent] = begun();
  queue.ask({ what: "correct", digit: 0, label: 1 });
  queue.ask({ what: "correct", digit: 1, label: 2 });
  assert.deepEqual(sent, [{ what: "correct", digit: 0, label: 1, of: 3, number: 8 }]);
  assert.equal(queue.waiting("correct").length, 2);
  queue.hear(7); // a run of the page for another reason
  assert.equal(sent.length, 1);
  queue.hear(8);
  assert.equal(sent[1].number, 9);
  queue.hear(9);
  assert.deepEqual(queue.waiting("correct"), []);
  queue.end();
});

test("on a picture that was turned what is about all of it goes on, and nothing else", () => {
  const [queue, sent] = begun();
  queue.ask({ what: "left" });
  queue.ask({ what: "choose", digit: 2 });
  queue.ask({ what: "close" });
  queue.begin(4, 8, true);
  assert.deepEqual(sent.at(-1), { what: "close", of: 4, number: 10 });
  queue.begin(5, 0);
  assert.equal(sent.length, 2);
  queue.ask({ what: "right" });
  assert.deepEqual(sent.at(-1), { what: "right", of: 5, number: 1 });
  queue.end();
});

test("what is not answered is sent again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const [queue, sent] = begun();
  queue.ask({ what: "keep-all" });
  context.mock.timers.tick(6000);
  assert.equal(sent.length, 2);
  assert.deepEqual(sent[0], sent[1]);
  queue.end();
});
