/**
 * The living picture: hears what becomes of the drawing, with the board's answers and from its own
 * link at other times; lights what is pointed at, by pointer or keyboard; and
 * draws, as long as something moves.
 */

import { Card } from "./card.js";
import { Epochs } from "./epochs.js";
import { arrange, middle, project } from "./layout.js";
import { FAINT, label, loudestIn, reached, through, title, told, toward } from "./lighting.js";
import { approach, Links, Pace, shareOf } from "./motion.js";
import { Painter } from "./paint.js";
import { Pointing } from "./pointing.js";
import { channels, paintDrawing, paintMaps, Sheet } from "./sheets.js";
import { answerOf, inWords, unpack } from "./unpack.js";

const SPARKS = 1100; // milliseconds that they run along the links after a change
const ROUND = 900; // milliseconds that one takes from end to end
const POINTING = 80; // milliseconds that one points at something before it is asked about
const AGAIN = 700; // milliseconds until what is still being worked out is asked for again
const AT_REST = 700; // milliseconds without a change before the sentence follows

const reduced = matchMedia("(prefers-reduced-motion: reduce)");

class Living {
  constructor(root) {
    this.root = root;
    this.room = root.closest(".st-key-living");
    const part = (name) => root.querySelector(`.living-${name}`);
    this.part = part;
    this.canvas = part("canvas");
    this.painter = new Painter(this.canvas);
    this.number = -1; // of the newest frame
    this.near = null; // what the server knows of what is pointed at
    this.until = 0; // when the sparks end
    this.pace = new Pace();
    this.timers = {};
    this.listeners = new AbortController();
    this.card = new Card(root);
    const tell = { changed: () => this.pointed(), moved: () => this.moved() };
    this.pointing = new Pointing(this.canvas, this, tell, this.listeners.signal);
    this.epochs = new Epochs(root, (epoch) => this.ask(epoch), this.listeners.signal);
    this.#listen();
    if (this.room.link) this.hear();
  }

  #listen() {
    const { signal } = this.listeners;
    const on = (target, type, act, options) =>
      target.addEventListener(type, act, { signal, ...options });
    on(this.room, "link", () => this.hear());
    // The board's own event, which does not rise, and whose element may be another one later.
    on(document, "answer", ({ detail }) => this.overhear(detail), { capture: true });
    on(this.canvas, "transitionend", () => {
      this.colours = null; // the theme is another one
      this.moved();
    });
    on(reduced, "change", () => this.moved());
    const observer = new ResizeObserver(() => this.arrange());
    observer.observe(this.room);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  close() {
    this.listeners.abort();
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    cancelAnimationFrame(this.running);
  }

  #later(name, wait, act) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(act, wait);
  }

  // What the server says.

  /** The link has brought all that is shown. */
  hear() {
    const { data } = this.room.link;
    if (data === this.heard) return;
    this.heard = data;
    this.colours = null; // they may be others: they are looked up again, which takes milliseconds
    if (data.network !== this.network || data.stages.length !== this.stages?.length) {
      this.network = data.network;
      this.#begin(data.stages);
    }
    this.near = data.near;
    this.epoch = data.frame.epoch;
    this.epochs.show(data.epochs, this.epoch);
    if (!this.frame || !this.#isHeld()) this.take(data.frame);
    this.#card();
    if (this.near?.isComing) this.#later("again", AGAIN, () => this.focus && this.ask());
  }

  /** The board has got an answer, with this frame or none. */
  overhear(frame) {
    if (!frame || frame.number <= this.number || this.#isHeld()) return;
    if (frame.stages.length === this.stages?.length) this.take(frame);
  }

  /** Whether nothing is to move, and the pen moves. */
  #isHeld() {
    return reduced.matches && isDrawing();
  }

  /** Show a frame from now on. */
  take(frame) {
    this.number = frame.number;
    this.isDrawn = frame.isDrawn;
    this.frame = unpack(this.stages, frame);
    this.frame.forEach((stage, number) => {
      const own = this.state[number];
      own.target = stage.values;
      own.shown = stage.shown;
      if (own.values.length !== stage.values.length) own.values = stage.values.slice();
    });
    this.root.dataset.frames = Number(this.root.dataset.frames ?? 0) + 1;
    this.until = performance.now() + SPARKS;
    this.aim();
  }

  #begin(stages) {
    this.stages = stages;
    this.pointing.forget();
    this.frame = null; // that of another network does not fit
    this.state = stages.map(({ kind, shown, rows, columns }) => {
      const wide = kind === "maps" ? shown * columns : columns;
      const hasSheet = kind === "maps" || kind === "pixels";
      return {
        values: new Float32Array(0),
        tones: new Float32Array(shown),
        toneTarget: new Float32Array(shown),
        sheet: hasSheet ? new Sheet(wide, rows) : null,
        shown: [],
      };
    });
    this.links = stages.map(() => new Links());
    this.words = stages.map(label);
    this.arrange();
  }

  arrange() {
    const width = Math.floor(this.room.clientWidth);
    if (!this.stages || width < 100) return;
    if (this.shape?.width === width && this.shape.plates.length === this.stages.length) return;
    this.shape = arrange(this.stages, width, parseFloat(getComputedStyle(this.canvas).fontSize));
    this.painter.resize(this.shape);
    this.moved();
  }

  // What is pointed at.

  get focus() {
    return this.pointing.focus;
  }

  /** The digit that is read, if anything is drawn. */
  get answer() {
    return this.isDrawn ? answerOf(this.frame.at(-1).values) : null;
  }

  /** Something else is pointed at. */
  pointed() {
    if (!this.frame) return;
    this.aim();
    this.#card();
    this.#say();
    clearTimeout(this.timers.again);
    if (this.#isClose() && !this.#isNear()) this.#later("ask", POINTING, () => this.ask());
  }

  /** Whether a unit or map is pointed at, and no digit. */
  #isClose() {
    return Boolean(this.focus) && !this.pointing.isDigit(this.focus);
  }

  #isNear() {
    const { focus, near } = this;
    return near && near.stage === focus?.stage && near.member === focus.member;
  }

  ask(epoch = this.epoch) {
    const pointed = this.#isClose() ? [this.focus.stage, this.focus.member] : null;
    this.room.link?.setTriggerValue("asked", { pointed, epoch });
  }

  // What is to be seen.

  /** The digit whose voices are shown: the one that is pointed at, else the answer. */
  get digit() {
    return this.focus && !this.#isClose() ? this.focus.member : this.answer;
  }

  /** Let tones and links go where they belong from now on. */
  aim() {
    if (!this.frame) return;
    const { frame, digit, focus } = this;
    frame.forEach(({ kind, shown, speaks }, number) => {
      const { toneTarget } = this.state[number];
      toneTarget.fill(0);
      if (digit === null || kind === "digits") return;
      shown.forEach((member, place) => {
        toneTarget[kind === "maps" ? place : member] = speaks.get(member)?.[digit] ?? 0;
      });
    });
    const isThrough = this.#isClose();
    const chosen = isThrough
      ? through(frame, this.stages, focus, this.#isNear() ? this.near : null)
      : toward(frame, this.stages, digit, Boolean(focus));
    if (isThrough && this.stages[focus.stage - 1].kind === "pixels") {
      const { toneTarget } = this.state[0]; // what excites the unit, in place of what says something
      toneTarget.fill(0);
      for (const { from, weight } of chosen[focus.stage]) toneTarget[from] = weight;
    }
    this.#legend(isThrough, digit);
    this.links.forEach((links, number) => {
      links.aim(chosen[number].filter(({ weight }) => Math.abs(weight) > FAINT));
    });
    this.lit = focus ? reached(chosen, focus) : null;
    this.moved();
  }

  #isLit(number, place) {
    return !this.lit || this.lit[number].has(this.pointing.member({ stage: number, place }));
  }

  /** What the place of a map that is pointed at sees of the drawing. */
  #field() {
    const { focus } = this;
    const stage = focus && this.stages[focus.stage];
    if (stage?.kind !== "maps" || !stage.field || focus.place < 0) return null;
    const { rows, columns, field } = stage;
    let [row, column] = [Math.floor((focus.v ?? 0) * rows), Math.floor((focus.u ?? 0) * columns)];
    if (focus.u === undefined) {
      const loudestPlace = loudestIn(this.frame[focus.stage].values, focus.place, rows * columns);
      [row, column] = [Math.floor(loudestPlace / columns), loudestPlace % columns];
    }
    const plate = this.shape.plates[focus.stage];
    const { x, y } = middle(plate, focus.place);
    const edge = plate.side * 0.88;
    const [u, v] = [((column + 0.5) / columns - 0.5) * edge, ((row + 0.5) / rows - 0.5) * edge];
    const shift = project({ ...plate.matrix, e: 0, f: 0 }, u, v);
    return { field, row, column, x: x + shift.x, y: y + shift.y };
  }

  // Motion.

  /** Something is to be drawn: as long as it moves. */
  moved() {
    if (!this.shape || !this.frame || this.running) return;
    this.at = performance.now();
    this.running = requestAnimationFrame((now) => this.#step(now));
  }

  #step(now) {
    this.running = 0;
    this.colours ??= this.#colours();
    if (this.goesOn) this.pace.note(now - this.at);
    // Where frames come slowly, the pen goes first: what moves would keep its next answer waiting.
    const isStill = reduced.matches || (this.pace.isSlow && isDrawing());
    const share = isStill ? 1 : shareOf(Math.max(now - this.at, 1));
    this.at = now;
    const isThere = this.#approach(share);
    const sparks = !isStill && now < this.until && this.isDrawn;
    this.painter.paint({
      shape: this.shape,
      stages: this.stages,
      state: this.state,
      links: this.links,
      words: this.words,
      colours: this.colours,
      lit: (number, place) => this.#isLit(number, place),
      answer: this.answer,
      pulse: sparks ? (now / ROUND) % 1 : null,
      field: this.#field(),
      focus: this.focus,
    });
    this.root.dataset.painted = Number(this.root.dataset.painted ?? 0) + 1;
    this.goesOn = !isThere || sparks;
    if (this.goesOn) this.running = requestAnimationFrame((next) => this.#step(next));
    else this.#say();
  }

  #approach(share) {
    let isThere = true;
    this.state.forEach((own, number) => {
      const { kind, rows, columns } = this.stages[number];
      const isStill = approach(own.values, own.target, share);
      const hasTone = approach(own.tones, own.toneTarget, share);
      if (kind === "pixels") paintDrawing(own.sheet, own.values, own.tones, this.colours);
      else if (kind === "maps") paintMaps(own.sheet, own.values, rows, columns);
      const hasLinks = this.links[number].approach(share);
      isThere = isStill && hasTone && hasLinks && isThere;
    });
    return isThere;
  }

  #colours() {
    const own = getComputedStyle(this.canvas);
    const of = (name) => channels(getComputedStyle(this.part(name)).textDecorationColor);
    return {
      pro: of("pro"),
      con: of("con"),
      pale: channels(own.textDecorationColor),
      link: channels(own.caretColor),
      ink: channels(own.color),
      paper: channels(own.backgroundColor),
      font: own.fontFamily,
    };
  }

  // Words.

  /** Say what is seen, once it has come to rest. */
  #say() {
    this.#later("words", AT_REST, () => {
      const digit = this.focus && !this.#isClose() ? this.focus.member : null;
      const words = inWords(this.frame, this.isDrawn, digit);
      const { pinned } = this.pointing; // by keyboard, say: who hears it is told what it is
      const isClose = pinned && !this.pointing.isDigit(pinned);
      const close = isClose ? ` ${this.#inWords(pinned).join(": ")}` : "";
      this.#write("words", words + close);
    });
  }

  /** Words change only where they are others: who listens to the page would go through it again. */
  #write(name, words) {
    const place = this.part(name);
    if (place.textContent !== words) place.textContent = words;
  }

  /** The name of what is pointed at, and what it says. */
  #inWords({ stage, member }) {
    const one = this.stages[stage];
    return [title(one, member), told(this.frame[stage], one, member)];
  }

  /** What is known of the unit or map that is pointed at. */
  #card() {
    const { focus } = this;
    if (!this.#isClose()) {
      this.card.hide();
      return;
    }
    const near = this.#isNear() ? this.near : null;
    const isMap = this.stages[focus.stage].kind === "maps";
    this.card.show(...this.#inWords(focus), near, this.#colours(), isMap);
  }

  /** What the two colours mean now. */
  #legend(isThrough, digit) {
    const [pro, con] = isThrough ? ["excites it", "calms it"] : ["speaks for", "speaks against"];
    const what = isThrough || digit === null ? "" : ` the ${digit}`;
    this.#write("pro", pro + what);
    this.#write("con", con + what);
  }
}

/** Whether the pen is on the board. */
const isDrawing = () => Boolean(document.querySelector(".st-key-board")?.drawing?.live);

const pictures = new WeakMap();

export default function ({ parentElement }) {
  if (!pictures.has(parentElement)) pictures.set(parentElement, new Living(parentElement));
  return () => {
    pictures.get(parentElement)?.close();
    pictures.delete(parentElement);
  };
}
