/** A frame that is dragged over a picture, by pointer or by keyboard, to name a part of it. */

const STEP = 0.05; // of the picture, that an arrow key moves a side
const LEAST = 0.02; // of the picture: what is smaller is a click

/** The box from one point to another, each [x, y], as shares of the picture: within it. */
export function between([x, y], [u, v]) {
  const within = (share) => Math.min(1, Math.max(0, share));
  const [left, right] = [within(x), within(u)].sort((a, b) => a - b);
  const [top, bottom] = [within(y), within(v)].sort((a, b) => a - b);
  return [left, top, right, bottom];
}

/** Whether a box is large enough to be meant. */
export function isMeant([left, top, right, bottom]) {
  return right - left >= LEAST && bottom - top >= LEAST;
}

/** The box that an arrow key makes of another: it moves the lower right corner, with Shift the upper
 * left one. */
export function nudged(box, key, isShifted) {
  const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
    key
  ];
  const [left, top, right, bottom] = box;
  const moved = isShifted
    ? [
        [left + x * STEP, top + y * STEP],
        [right, bottom],
      ]
    : [
        [left, top],
        [right + x * STEP, bottom + y * STEP],
      ];
  const next = between(...moved);
  return isMeant(next) ? next : box;
}

export class Cropping {
  /** changed: hears the box, or null when there is none */
  constructor(sheet, frame, changed, signal) {
    this.sheet = sheet;
    this.frame = frame;
    this.changed = changed;
    this.isOn = false;
    this.box = null;
    const on = (type, act) => sheet.addEventListener(type, act, { signal });
    on("pointerdown", (event) => this.#begin(event));
    on("pointermove", (event) => this.#drag(event));
    on("pointerup", () => this.#end());
    on("pointercancel", () => this.#end());
  }

  start() {
    this.isOn = true;
    this.sheet.classList.add("is-cropping");
    this.show([0.1, 0.1, 0.9, 0.9]);
    this.frame.tabIndex = 0;
    this.frame.focus();
  }

  stop() {
    this.isOn = false;
    this.sheet.classList.remove("is-cropping");
    this.show(null);
  }

  show(box) {
    this.box = box;
    this.frame.hidden = box === null;
    if (box) {
      const [left, top, right, bottom] = box.map((share) => `${share * 100}%`);
      Object.assign(this.frame.style, { left, top });
      this.frame.style.width = `calc(${right} - ${left})`;
      this.frame.style.height = `calc(${bottom} - ${top})`;
    }
    this.changed(box);
  }

  press(event) {
    if (!this.isOn || !event.key.startsWith("Arrow")) return false;
    this.show(nudged(this.box ?? [0.1, 0.1, 0.9, 0.9], event.key, event.shiftKey));
    return true;
  }

  #at(event) {
    const { left, top, width, height } = this.sheet.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  #begin(event) {
    if (!this.isOn || event.button) return;
    event.preventDefault();
    this.sheet.setPointerCapture(event.pointerId);
    this.from = this.#at(event);
  }

  #drag(event) {
    if (!this.from) return;
    const box = between(this.from, this.#at(event));
    if (isMeant(box)) this.show(box);
  }

  #end() {
    this.from = null;
  }
}
