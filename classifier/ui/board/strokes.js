/**
 * The drawing as the browser owns it: its strokes, their history, and what of them the server has
 * not got yet. Knows nothing of the page, of events, or of how a message travels.
 *
 * Coordinates and pens are canvas pixels, 0 to SIDE however large the canvas is on the screen.
 * A stroke is {number, pen, points}: points [x, y, x, y, …]; numbers rise in the order in which
 * strokes were begun here, and what the server put here has 0.
 */

export const SIDE = 280; // canvas pixels
const MOST_PAST = 100; // steps that can be undone
const BLANK = { number: 0, drawing: "", strokes: 0, points: 0, sum: 0, resting: true, pressed: 0 };

const tenth = (value) => Math.round(value * 10) / 10;

export class Drawing {
  /** limits: {strokes, points} that a drawing may have; newId: gives a string, each time another */
  constructor(limits, newId) {
    this.limits = limits;
    this.newId = newId;
    this.id = newId();
    this.image = null; // {id, pixels, caption} below the strokes
    this.strokes = [];
    this.live = null; // the stroke that is being drawn
    this.past = [];
    this.future = [];
    this.next = 1; // number of the next stroke
    this.applied = ""; // the server's last command
    this.have = BLANK; // what the server has, as it last told
  }

  get isEmpty() {
    return !this.image && this.strokes.length === 0;
  }

  get isFull() {
    const points = this.strokes.reduce((sum, stroke) => sum + stroke.points.length / 2, 0);
    return this.strokes.length >= this.limits.strokes || points >= this.limits.points;
  }

  /** Begin a stroke; false if the drawing has no room for one. */
  begin(x, y, pen) {
    this.end();
    if (this.isFull) return false;
    this.#remember();
    this.live = { number: this.next++, pen, points: [tenth(x), tenth(y)] };
    this.strokes.push(this.live);
    return true;
  }

  /** Go on with the stroke; false if there is none, no room, or the pen has hardly moved. */
  extend(x, y) {
    if (!this.live) return false;
    const points = this.live.points;
    const step = Math.hypot(x - points[points.length - 2], y - points[points.length - 1]);
    if (step < 0.5) return false;
    if (points.length % 200 === 0 && this.isFull) return false;
    points.push(tenth(x), tenth(y));
    return true;
  }

  end() {
    this.live = null;
  }

  undo() {
    return this.#step(this.past, this.future);
  }

  redo() {
    return this.#step(this.future, this.past);
  }

  clear() {
    if (this.isEmpty) return false;
    this.#remember();
    this.#show({ image: null, strokes: [] }, this.newId());
    return true;
  }

  /**
   * Do what the server commands, once: {id, follows, image, strokes: [[pen, x, y, …], …]}. The id
   * becomes the drawing's. A stroke of a number above `follows` was begun after whatever caused
   * the command: it stays, and belongs to the new drawing. All others belong to the old one, also
   * one that is still being drawn.
   */
  apply(command) {
    if (command.id === this.applied) return false;
    const newer = this.strokes.filter((stroke) => stroke.number > command.follows);
    const live = newer.includes(this.live) ? this.live : null;
    this.strokes = this.strokes.filter((stroke) => !newer.includes(stroke));
    if (!this.isEmpty) this.#remember();
    const strokes = command.strokes.map(([pen, ...points]) => ({ number: 0, pen, points }));
    this.#show({ image: command.image, strokes }, command.id);
    this.applied = command.id;
    for (const stroke of newer) {
      this.#remember();
      this.strokes.push(stroke);
    }
    this.live = live;
    return true;
  }

  /** Take in what the server says that it has. */
  hear(have) {
    this.have = have;
  }

  /**
   * What the server lacks, to be sent with a number and whatever was pressed; null if nothing,
   * unless a message is sent anyway.
   * Strokes are [number, pen, skip, x, y, …] from the stroke `from` on, without the first `skip`
   * points, which the server has.
   */
  news(isSentAnyway = false) {
    const { have } = this;
    const resting = !this.live;
    const last = this.strokes[have.strokes - 1];
    const isKnown =
      have.drawing === this.id &&
      have.strokes <= this.strokes.length &&
      (!last || have.points <= last.points.length / 2) &&
      have.sum === this.#sum(have);
    let from = 0;
    let skip = 0;
    if (isKnown && last) {
      const isCut = have.points < last.points.length / 2;
      from = have.strokes - (isCut ? 1 : 0);
      skip = isCut ? have.points : 0;
    }
    const isBlank = this.isEmpty && have.drawing === "";
    const isNothing = from === this.strokes.length && have.resting === resting;
    if (!isSentAnyway && (isKnown || isBlank) && isNothing) return null;
    return this.#told(isKnown ? null : this.image, from, skip);
  }

  /** All of it, as `news` has it for a server that has nothing. */
  get whole() {
    return this.#told(this.image, 0, 0);
  }

  #told(image, from, skip) {
    return {
      drawing: this.id,
      applied: this.applied,
      image,
      from,
      strokes: this.strokes
        .slice(from)
        .map(({ number, pen, points }, k) =>
          k === 0 ? [number, pen, skip, ...points.slice(2 * skip)] : [number, pen, 0, ...points],
        ),
      resting: !this.live,
    };
  }

  /** How far it has come: as long as it is the same drawing, only more of it. */
  get extent() {
    const points = (this.strokes.at(-1)?.points.length ?? 0) / 2;
    return { drawing: this.id, strokes: this.strokes.length, points };
  }

  /** What outlives the page, as JSON. */
  stored() {
    const { id, image, strokes, next, applied } = this;
    return JSON.stringify({ id, image, strokes, next, applied });
  }

  /** Go on from what `stored` gave; anything else changes nothing. */
  restore(text) {
    try {
      const { id, image, strokes, next, applied } = JSON.parse(text);
      const isSound = strokes.every(
        ({ number, pen, points }) =>
          [number, pen, ...points].every(Number.isFinite) && points.length,
      );
      if (typeof id !== "string" || !Number.isFinite(next) || !isSound) return false;
      Object.assign(this, { id, image, strokes, next, applied });
      return true;
    } catch {
      return false;
    }
  }

  /** Of all coordinates that the server should have, in tenths: whether they are the same. */
  #sum({ strokes, points }) {
    let sum = 0;
    for (let k = 0; k < strokes; k++) {
      const all = this.strokes[k].points;
      const end = k === strokes - 1 ? 2 * points : all.length;
      for (let i = 0; i < end; i++) sum += Math.round(10 * all[i]);
    }
    return sum;
  }

  #remember() {
    this.past.push({ image: this.image, strokes: [...this.strokes] });
    if (this.past.length > MOST_PAST) this.past.shift();
    this.future = [];
  }

  #show({ image, strokes }, id) {
    this.image = image;
    this.strokes = [...strokes];
    this.live = null;
    this.id = id;
  }

  #step(from, to) {
    if (!from.length) return false;
    to.push({ image: this.image, strokes: [...this.strokes] });
    this.#show(from.pop(), this.newId());
    return true;
  }
}

/**
 * When to send. While the pen moves, one message is under way at a time, and after its answer
 * comes a pause that grows with the time it took: a slow server or line hears less, and no queue
 * forms.
 */
export class Pace {
  /** clock: gives milliseconds */
  constructor(clock) {
    this.clock = clock;
    this.awaited = 0; // number of the message whose answer is awaited; 0: none
    this.sentAt = 0;
    this.free = 0; // when the next may be sent
  }

  sent(number) {
    this.awaited = number;
    this.sentAt = this.clock();
  }

  /** The server has answered this number, and so all before it. */
  heard(number) {
    if (!this.awaited || number < this.awaited) return;
    const took = this.clock() - this.sentAt;
    this.awaited = 0;
    this.free = this.clock() + Math.min(Math.max(PERIOD - took, took / 2), 1000);
  }

  /** The connection was lost, and whatever was under way with it. */
  lost() {
    this.awaited = 0;
    this.free = 0;
  }

  /** Milliseconds until a message of the moving pen may go; Infinity: after the next answer. */
  wait() {
    return this.awaited ? Number.POSITIVE_INFINITY : Math.max(this.free - this.clock(), 0);
  }
}

const PERIOD = 50; // milliseconds at least from one message of the moving pen to the next
