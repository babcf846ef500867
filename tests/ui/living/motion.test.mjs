// Numbers and links that move to where they shall be, and come to rest there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { approach, Links, Pace, shareOf } from "../../../classifier/ui/living/motion.js";

test("values come nearer with every frame, and to rest", () => {
  const [now, target] = [Float32Array.of(0, 1), Float32Array.of(1, 1)];
  assert.equal(approach(now, target, 0.5), false);
  assert.deepEqual([...now], [0.5, 1]);
  let frames = 0;
  while (!approach(now, target, shareOf(16))) frames += 1;
  assert.deepEqual([...now], [1, 1]);
  assert.ok(frames < 60);
});

test("without motion they are there at once", () => {
  const now = Float32Array.of(0);
  approach(now, Float32Array.of(1), 1);
  assert.equal(now[0], 1);
});

test("a link that is no more fades, and is forgotten", () => {
  const links = new Links();
  links.aim([{ from: 1, to: 2, weight: 1, tone: "says" }]);
  while (!links.approach(0.5));
  assert.equal([...links.all.values()][0].now, 1);
  links.aim([{ from: 1, to: 3, weight: -1, tone: "says" }]);
  assert.equal(links.all.size, 2);
  while (!links.approach(0.5));
  assert.deepEqual(
    [...links.all.values()].map(({ to, now }) => [to, now]),
    [[3, -1]],
  );
});

test("frames come slowly where most of them do, and not after a single one", () => {
  const pace = new Pace();
  const after = (milliseconds, times) => {
    for (let frame = 0; frame < times; frame++) pace.note(milliseconds);
    return pace.isSlow;
  };
  assert.equal(after(16.7, 60), false);
  assert.equal(after(5000, 1) && after(16.7, 10), false);
  assert.equal(after(30, 20), true);
  assert.equal(after(16.7, 20), false);
});
