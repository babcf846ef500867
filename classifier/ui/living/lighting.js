/**
 * What is to be lit: the links that lead to a digit, or through one unit or map, and what is said of
 * it. frame is as of `unpack`, stages are the network's, links have {from, to, weight, tone}. Knows
 * nothing of how any of it is drawn.
 */
import { seenBy } from "./layout.js";

export const FAINT = 0.06; // links and voices below this share of the loudest are not shown
const SEEN = 0.3; // of the loudest: how strong a link from the drawing to a map is

const isDigit = (stages, number) => number === stages.length - 1;

/** The links that lead to a digit, by stage; isFew: of those that say much alone. */
export function toward(frame, stages, digit, isFew) {
  const last = frame.length - 1;
  const chosen = frame.map(() => []);
  if (digit === null) return chosen;
  for (const member of frame[last - 1].shown) {
    const weight = frame[last - 1].speaks.get(member)?.[digit] ?? 0;
    chosen[last].push({ from: member, to: digit, weight, tone: "says" });
  }
  let heard = loud(chosen[last], isFew ? 0.25 : 0.12);
  for (let number = last - 1; number > 0; number--) {
    if (frame[number].kind === "units") chosen[number] = saying(frame[number], digit);
    else if (number === 1) chosen[number] = fromDrawing(frame[1], stages[1], heard);
    else chosen[number] = adding(frame[number].links.filter(({ to }) => heard.has(to)));
    heard = loud(chosen[number], 0.2);
  }
  return chosen;
}

/** The links into units, as loud as these are for the digit, and for or against it as they are. */
function saying({ links, speaks }, digit) {
  return links.map(({ from, to, weight }) => {
    const said = speaks.get(to)?.[digit] ?? 0;
    const strength = Math.sqrt(Math.abs(said)) * weight * Math.sign(said);
    return { from, to, weight: strength, tone: "says" };
  });
}

const adding = (links) => links.map((link) => ({ ...link, tone: "adds" }));

const loud = (links, least) =>
  new Set(links.filter(({ weight }) => Math.abs(weight) > least).map(({ from }) => from));

/** From where in the drawing each of these first maps is loudest. */
function fromDrawing({ shown, values }, { rows, columns, field }, members) {
  if (!field) return [];
  return [...members].flatMap((member) => {
    const place = shown.indexOf(member);
    if (place < 0) return [];
    const at = loudestIn(values, place, rows * columns);
    const [left, top, right, bottom] = seenBy(field, Math.floor(at / columns), at % columns);
    const from = Math.floor((top + bottom) / 2) * 28 + Math.floor((left + right) / 2);
    return [{ from, to: member, weight: SEEN, tone: "adds" }];
  });
}

/** The links into and out of a unit or map, by stage; near: all that the server has told of those
 * into it, or null. */
export function through(frame, stages, { stage, member }, near) {
  const chosen = frame.map(() => []);
  const into = near
    ? pairs(near.links).map(([from, weight]) => ({ from, to: member, weight }))
    : frame[stage].links.filter(({ to }) => to === member);
  const tone = stages[stage].kind === "maps" ? "adds" : "says";
  chosen[stage] = into.map((link) => ({ ...link, tone }));
  const next = stage + 1;
  if (isDigit(stages, next)) {
    const said = frame[stage].speaks.get(member) ?? [];
    chosen[next] = [...said].map((weight, to) => ({ from: member, to, weight, tone: "says" }));
  } else {
    chosen[next] = adding(frame[next].links.filter(({ from }) => from === member));
  }
  return chosen;
}

const pairs = (flat) =>
  Array.from({ length: flat.length / 2 }, (_, n) => [flat[2 * n], flat[2 * n + 1] / 127]);

/** Of each stage the members that the links reach, and what is pointed at. */
export function reached(chosen, focus) {
  const lit = chosen.map(() => new Set());
  chosen.forEach((links, number) => {
    for (const { from, to, weight } of links) {
      if (Math.abs(weight) <= FAINT) continue;
      lit[number - 1].add(from);
      lit[number].add(to);
    }
  });
  lit[focus.stage].add(focus.member);
  return lit;
}

/** Where one map of so many places is loudest. */
export function loudestIn(values, map, size) {
  const own = values.subarray(map * size, (map + 1) * size);
  return own.indexOf(Math.max(...own));
}

/** The words below a stage, in two lines. */
export function label({ kind, name, count, shown, rows, columns }) {
  if (kind === "pixels") return ["your drawing", `${rows} × ${columns} pixels`];
  if (kind === "digits") return ["answer", `${count} outputs`];
  if (kind === "units") return [name, `${count} units`];
  return [name, `${shown < count ? `${shown} of ` : ""}${count} maps, ${rows} × ${columns}`];
}

export const title = ({ kind, name }, member) =>
  `${kind === "maps" ? "Map" : "Unit"} ${member} of ${name}`;

/** What a unit or map says to the drawing, in a few words. */
export function told({ kind, speaks, values, shown }, { rows, columns }, member) {
  const size = rows * columns;
  const place = kind === "maps" ? shown.indexOf(member) : member;
  const level = Math.max(0, ...values.subarray(place * size, (place + 1) * size));
  const first = `It is at ${(level * 100).toFixed(0)} % of the loudest of its layer.`;
  const said = speaks.get(member) ?? [0];
  const [best, worst] = [Math.max(...said), Math.min(...said)];
  const sides = [];
  if (best > FAINT) sides.push(`for the ${said.indexOf(best)}`);
  if (worst < -FAINT) sides.push(`against the ${said.indexOf(worst)}`);
  if (sides.length) return `${first} It speaks most ${sides.join(" and most ")}.`;
  if (kind === "units") return `${first} It says next to nothing to this drawing.`;
  return `${first} Move over it: the frame on the drawing is what that place sees.`;
}
