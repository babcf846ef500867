/**
 * What is pointed at, by pointer, finger or keyboard: {stage, member, place, u, v}. Knows nothing of
 * what that lights.
 */
import { at } from "./layout.js";
import { DIGITS } from "./unpack.js";

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Pointing {
  /**
   * scene: {shape, stages, frame, answer} as they are now; frame is missing before anything is shown
   * changed: something else is pointed at; moved: another place of it
   */
  constructor(canvas, scene, { changed, moved }, signal) {
    Object.assign(this, { canvas, scene, changed, moved });
    this.over = null; // below the pointer
    this.pinned = null; // kept by a press
    const on = (type, act) => canvas.addEventListener(type, act, { signal });
    on("pointermove", (event) => event.pointerType !== "touch" && this.#look(this.#under(event)));
    on("pointerleave", () => this.#look(null));
    on("click", (event) => this.#pin(event));
    on("keydown", (event) => this.#key(event));
  }

  get focus() {
    const found = this.over ?? this.pinned;
    return found && { ...found, place: this.#placeOf(found) };
  }

  isDigit({ stage }) {
    return stage === this.scene.stages.length - 1;
  }

  /** The member at a place of a stage: maps have others as one draws. */
  member({ stage, place }) {
    const isMaps = this.scene.stages[stage].kind === "maps";
    return isMaps ? this.scene.frame[stage].shown[place] : place;
  }

  forget() {
    this.over = this.pinned = null;
  }

  #placeOf({ stage, member }) {
    const isMaps = this.scene.stages[stage].kind === "maps";
    return isMaps ? this.scene.frame[stage].shown.indexOf(member) : member;
  }

  #under(event) {
    const { shape, stages, frame } = this.scene;
    if (!shape || !frame) return null;
    const box = this.canvas.getBoundingClientRect();
    const scale = shape.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const found = at(shape, stages, x, y);
    return found && { ...found, member: this.member(found) };
  }

  #pin(event) {
    const found = this.#under(event);
    this.pinned = isSame(found, this.pinned) ? null : found;
    this.over = event.pointerType === "touch" ? null : found;
    this.changed();
  }

  #look(found) {
    const before = this.over;
    this.over = found;
    this.canvas.classList.toggle("is-over", Boolean(found));
    if (!isSame(before, found)) this.changed();
    else if (found) this.moved();
  }

  /** Left and right go from stage to stage, up and down from one that matters to the next. */
  #key(event) {
    const isHeld = event.ctrlKey || event.metaKey || event.altKey;
    if (event.key === "Escape" && this.focus) {
      this.forget();
      this.changed();
    } else if (MOVES[event.key] && !isHeld && this.scene.frame) {
      event.preventDefault();
      this.#step(...MOVES[event.key]);
    }
  }

  #step(aside, along) {
    const now = this.focus;
    const last = this.scene.stages.length - 1;
    const stage = now ? Math.min(Math.max(now.stage + aside, 1), last) : last;
    const order = this.#inOrder(stage);
    const place = now && !aside ? order.indexOf(now.member) + along : 0;
    const member = order[Math.min(Math.max(place, 0), order.length - 1)];
    if (member === undefined) return;
    this.over = null;
    this.pinned = { stage, member };
    this.changed();
  }

  /** The members of a stage that matter, the one that says most to the answer first. */
  #inOrder(stage) {
    const { frame, answer } = this.scene;
    const first = answer ?? 0;
    if (this.isDigit({ stage })) {
      return Array.from({ length: DIGITS }, (_, step) => (first + step) % DIGITS);
    }
    const { shown, speaks } = frame[stage];
    const said = (member) => Math.abs(speaks.get(member)?.[first] ?? 0);
    return [...shown].sort((one, other) => said(other) - said(one));
  }
}

const isSame = (one, other) => one?.stage === other?.stage && one?.member === other?.member;
