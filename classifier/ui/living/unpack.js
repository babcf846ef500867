/**
 * A frame of the server, as numbers: what each stage puts out, what it says to each digit, and the
 * links into it. Knows nothing of how any of it is drawn.
 */

export const DIGITS = 10;

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Signed bytes, -127 to 127, as -1 to 1. */
export const signed = (text) =>
  Float32Array.from(new Int8Array(bytes(text).buffer), (value) => value / 127);

/** Bytes, 0 to 255, as they are. */
export const grey = bytes;

/**
 * stages: of the network, {kind, count, rows, columns, …} each; frame: as the server sends it.
 * Of each stage: values (0–1; of maps those that are shown, one after the other), shown (its
 * members that matter), speaks (by member, ten numbers from -1 to 1), links (from, to, weight).
 */
export function unpack(stages, frame) {
  return frame.stages.map(({ values, shown, speaks, says, links }, number) => {
    const { kind, count } = stages[number];
    const found = kind === "digits" ? Float32Array.from(frame.answer) : shares(values);
    const members = kind === "pixels" ? inked(found) : shown;
    const said = signed(speaks);
    const by = new Map(
      members.map((member, place) => [member, said.subarray(place * DIGITS, (place + 1) * DIGITS)]),
    );
    return { kind, count, values: found, shown: members, speaks: by, says, links: triples(links) };
  });
}

const shares = (text) => Float32Array.from(bytes(text), (value) => value / 255);

const inked = (values) => [...values.keys()].filter((place) => values[place] > 0);

/** Links from a flat list of member, member, weight. */
export function triples(flat) {
  const links = [];
  for (let place = 0; place < flat.length; place += 3) {
    links.push({ from: flat[place], to: flat[place + 1], weight: flat[place + 2] / 127 });
  }
  return links;
}

/** What of a stage says most to a digit: members, the strongest first; sign: 1 for, -1 against. */
export function loudest(stage, digit, sign, most) {
  const said = (member) => sign * (stage.speaks.get(member)?.[digit] ?? 0);
  return stage.shown
    .filter((member) => said(member) > 0.05)
    .sort((one, other) => said(other) - said(one))
    .slice(0, most);
}

/** The digit that the network answers: where the greatest of ten probabilities is. */
export const answerOf = (values) => values.indexOf(Math.max(...values));

const listed = (members) =>
  members.length < 2
    ? members.join("")
    : `${members.slice(0, -1).join(", ")} and ${members.at(-1)}`;

const article = (digit) => (digit === 8 ? "an" : "a");

const share = (value) => (value >= 0.9995 ? "> 99.9" : (value * 100).toFixed(1));

/** All of it in one sentence. stages: as of `unpack`; digit: that is looked at, or null. */
export function inWords(stages, isDrawn, digit) {
  const { values } = stages.at(-1);
  if (!isDrawn) return "Nothing is drawn yet: the network waits for your digit.";
  const answer = answerOf(values);
  const last = stages.at(-2);
  const asked = digit ?? answer;
  const what = { units: "unit", maps: "map", pixels: "pixel" }[last.kind];
  const named = (members) => `${what}${members.length > 1 ? "s" : ""} ${listed(members)}`;
  const parts = [];
  const pros = last.kind === "pixels" ? [] : loudest(last, asked, 1, 3);
  const cons = last.kind === "pixels" ? [] : loudest(last, asked, -1, 3);
  if (pros.length) parts.push(`for the ${asked} speak most ${named(pros)}`);
  if (cons.length) parts.push(`against ${pros.length ? "it" : `the ${asked}`} ${named(cons)}`);
  const first = `Read as ${article(answer)} ${answer} with ${share(values[answer])} %`;
  return `${[first, parts.join(", ")].filter(Boolean).join(": ")}.`;
}
