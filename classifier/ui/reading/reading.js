/**
 * The picture that was brought: hears from its link what was read on it, lays a box over each digit,
 * and asks for what is pressed. What is typed is seen at once, and then told.
 */

import { enlarged, heightOf, meant, stepped, textOf } from "./boxes.js";
import { Cropping } from "./cropping.js";
import { Queue } from "./queue.js";
import { Tilting } from "./tilting.js";

const SURE = ["unsure", "likely", "sure"]; // by level
const ROOM_ABOVE = 0.08; // of the picture's height: with less, what a digit was read as is within its box
const TAGGED = 16; // pixels of a digit's height from which on there is room for its answer beside it

class Reading {
  constructor(root) {
    this.root = root;
    this.room = root.closest(".st-key-reading");
    this.part = (name) => root.querySelector(`.reading-${name}`);
    this.sheet = this.part("sheet");
    this.boxes = [];
    this.chosen = null;
    this.isLarge = false;
    this.editing = null;
    this.queue = new Queue((message) => this.room.link.setTriggerValue("asked", message));
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    this.cropping = new Cropping(
      this.sheet,
      this.part("frame"),
      (box) => {
        this.part("apply").disabled = box === null;
      },
      signal,
    );
    this.tilting = new Tilting(
      this.sheet,
      this.part("picture"),
      this.part("slider"),
      this.part("degrees"),
      signal,
    );
    this.#listen(signal);
    if (this.room.link) this.hear();
  }

  #listen(signal) {
    const on = (target, type, act) => target.addEventListener(type, act, { signal });
    on(this.room, "link", () => this.hear());
    for (const button of this.root.querySelectorAll("[data-ask]")) {
      on(button, "click", () => this.ask(button.dataset.ask));
    }
    on(this.sheet, "click", (event) => this.#point(event));
    on(this.root, "keydown", (event) => this.#press(event));
    on(this.part("before"), "click", () => this.#step("ArrowLeft"));
    on(this.part("after"), "click", () => this.#step("ArrowRight"));
    on(this.part("label"), "input", () => this.#typed(this.part("label").value));
    on(this.part("keep-one"), "click", () => this.#keep());
    on(this.part("keep-all"), "click", () =>
      this.ask(this.#isAllKept() ? "take-all-back" : "keep-all"),
    );
    on(this.part("remedy"), "click", () => this.ask(this.heard.held[1]));
    for (const what of ["crop", "tilt"]) {
      on(this.part(what), "click", () => this.#edit(this.editing === what ? null : what));
    }
    for (const button of this.root.querySelectorAll(".reading-cancel")) {
      on(button, "click", () => this.#edit(null));
    }
    on(this.part("apply"), "click", () => {
      const { box } = this.cropping;
      this.#edit(null);
      if (box) this.ask("crop", { box });
    });
    on(this.part("apply-tilt"), "click", () => {
      const { degrees } = this.tilting;
      this.#edit(null);
      this.ask("tilt", { degrees });
    });
    on(this.part("larger"), "click", () => {
      this.isLarge = !this.isLarge;
      this.#size();
      this.#reveal();
    });
    const observer = new ResizeObserver(() => this.#size());
    observer.observe(this.part("room"));
    signal.addEventListener("abort", () => observer.disconnect());
  }

  close() {
    this.queue.end();
    this.listeners.abort();
  }

  /** The pixels are others. */
  see({ picture, wide, high }) {
    const image = this.part("picture");
    if (image.src !== picture) image.src = picture;
    this.sheet.style.setProperty("--wide", wide);
    this.sheet.style.setProperty("--high", high);
    this.shape = high / wide;
    this.#size();
  }

  /** The server says what it knows now. */
  hear() {
    const { data } = this.room.link;
    if (data === this.heard) return;
    const isOther = this.heard?.of !== data.of;
    const isSame = this.heard?.sheet === data.sheet;
    this.heard = data;
    if (isOther) {
      this.isLarge = false;
      this.#edit(null);
    }
    if (isOther) this.queue.begin(data.of, data.done, isSame);
    else this.queue.hear(data.done);
    this.boxes = data.boxes.map((one) => ({ ...one }));
    for (const { digit, label } of this.queue.waiting("correct")) this.boxes[digit].digit = label;
    if (isOther) this.chosen = data.chosen; // else the browser knows best
    this.part("name").textContent = data.name;
    this.part("said").textContent = data.said;
    this.#text("problem", data.problem);
    this.#text("answers", data.answers);
    const [held, , remedy] = data.held ?? ["", "", ""];
    this.part("held").hidden = !held;
    this.#text("held-said", held);
    this.part("remedy").textContent = remedy;
    this.part("whole").hidden = !data.cropped;
    this.part("mirror").hidden = !data.mirrored;
    this.root.classList.toggle("is-single", this.boxes.length === 1);
    this.part("lines").hidden = this.boxes.length < 2;
    this.part("larger").hidden = this.boxes.length === 0;
    this.#lay();
    this.#size();
    this.#show();
    this.root.dataset.of = data.of;
  }

  #text(name, words) {
    const place = this.part(name);
    place.hidden = !words;
    if (place.textContent !== words) place.textContent = words;
  }

  ask(what, more = {}) {
    this.queue.ask({ what, ...more });
  }

  /** Boxes over the picture, in reading order; those that are there stay, with what has the focus. */
  #lay() {
    const place = this.part("boxes");
    while (place.children.length > this.boxes.length + this.heard.left.length)
      place.lastChild.remove();
    while (place.children.length) {
      const last = place.lastChild;
      if (last.dataset.kind === "left") last.remove();
      else break;
    }
    this.boxes.forEach((one, number) => {
      const there = place.children[number] ?? place.appendChild(document.createElement("button"));
      there.type = "button";
      there.tabIndex = number === (this.chosen ?? 0) ? 0 : -1;
      this.#over(there, one.box);
      const isTyped = one.digit !== one.read;
      there.className = `reading-box is-${isTyped ? "typed" : SURE[one.level]}`;
      there.classList.toggle("is-chosen", number === this.chosen);
      there.classList.toggle("is-kept", one.kept === one.digit);
      there.classList.toggle("is-at-top", one.box[1] < ROOM_ABOVE);
      there.dataset.digit = one.digit;
      there.setAttribute("aria-label", this.#inWords(one));
      there.setAttribute("aria-pressed", number === this.chosen);
    });
    for (const { box, why } of this.heard.left) {
      const there = place.appendChild(document.createElement("span"));
      there.dataset.kind = "left";
      there.className = "reading-out";
      there.title = `Left out: ${why}`;
      this.#over(there, box);
    }
    this.#why();
  }

  #over(there, [left, top, right, bottom]) {
    there.style.left = `${left * 100}%`;
    there.style.top = `${top * 100}%`;
    there.style.width = `${(right - left) * 100}%`;
    there.style.height = `${(bottom - top) * 100}%`;
  }

  /** What was left out, counted by why. */
  #why() {
    const counts = new Map();
    for (const { why } of this.heard.left) counts.set(why, (counts.get(why) ?? 0) + 1);
    this.part("left").replaceChildren(
      ...[...counts].map(([why, count]) => {
        const item = document.createElement("li");
        item.textContent = count > 1 ? `Left out: ${why} (${count} times)` : `Left out: ${why}`;
        return item;
      }),
    );
  }

  #inWords(one) {
    const typed = one.digit === one.read ? "" : ", as you say";
    const surely = typed || `, ${one.surely}${one.level === 0 ? ", not sure" : ""}`;
    const done = this.heard.keep === "Send" ? ", sent" : ", kept";
    const kept = one.kept === one.digit ? done : "";
    return `Line ${one.line + 1}, digit ${one.place + 1}: ${one.digit}${surely}${kept}`;
  }

  /** The digit that is chosen, and the text of all. */
  #show() {
    const one = this.boxes[this.chosen];
    this.#card();
    const about = this.part("about");
    const words = one ? this.#inWords(one) : "Click a digit to see its ten bars.";
    if (about.textContent !== words) about.textContent = words;
    const field = this.part("label");
    field.disabled = !one;
    if (document.activeElement !== field || !one) field.value = one ? one.digit : "";
    const keep = this.part("keep-one");
    keep.disabled = !one;
    keep.textContent = one && one.kept === one.digit ? "Take back" : this.heard.keep;
    const all = this.part("keep-all");
    all.hidden = this.boxes.length < 2;
    all.textContent = this.#isAllKept()
      ? "Take all back"
      : `${this.heard.keep} all ${this.boxes.length}`;
    this.part("text").textContent = textOf(this.boxes);
    this.#reveal();
  }

  /** What is said of the digit that is chosen; of one alone the board says it all. */
  #card() {
    const isNeeded = this.boxes.length > 1 || this.boxes[this.chosen];
    this.part("card").hidden = this.editing !== null || !isNeeded;
  }

  #isAllKept() {
    return this.boxes.length > 0 && this.boxes.every((one) => one.kept === one.digit);
  }

  /** As wide as the room, or as large as a finger wants it. */
  #size() {
    const room = this.part("room");
    if (!this.shape || !room.clientWidth) return;
    const most = Number.parseFloat(getComputedStyle(room).maxHeight);
    const fit = Math.min(room.clientWidth, most / this.shape);
    const times = this.isLarge ? enlarged(this.boxes, fit * this.shape) : 1;
    this.sheet.style.width = `${fit * times}px`;
    const high = heightOf(this.boxes, fit * times * this.shape);
    this.sheet.style.setProperty("--tag", `${Math.min(20, Math.max(11, high * 0.45))}px`);
    this.sheet.classList.toggle("is-small", high < TAGGED);
    const button = this.part("larger");
    button.setAttribute("aria-pressed", this.isLarge);
    button.textContent = this.isLarge ? "Smaller" : "Larger";
  }

  /** Have the chosen digit seen, within the picture's own room. */
  #reveal() {
    const there = this.part("boxes").children[this.chosen];
    const room = this.part("room");
    if (!there || this.chosen === null || !this.isLarge) return;
    room.scrollTo({
      left: there.offsetLeft + there.offsetWidth / 2 - room.clientWidth / 2,
      top: there.offsetTop + there.offsetHeight / 2 - room.clientHeight / 2,
    });
  }

  #point(event) {
    if (this.editing) return;
    const { left, top, width, height } = this.sheet.getBoundingClientRect();
    const isKey = event.detail === 0; // Enter or Space on a box
    const own = [...this.part("boxes").children].indexOf(event.target);
    const found = isKey
      ? own
      : meant(this.boxes, event.clientX - left, event.clientY - top, width, height);
    if (found < this.boxes.length) this.#choose(found < 0 ? null : found);
  }

  #choose(number) {
    if (number === this.chosen) return;
    this.chosen = number;
    this.#lay();
    this.#show();
    this.part("boxes").children[number]?.focus({ preventScroll: true });
    this.ask("choose", { digit: number });
  }

  #step(key) {
    if (!this.boxes.length) return;
    this.#choose(this.chosen === null ? 0 : stepped(this.boxes, this.chosen, key));
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isField = event.target === this.part("label");
    const isBox = event.target.classList.contains("reading-box");
    if (this.cropping.press(event)) {
      // It moves the frame.
    } else if (event.key === "Escape" && this.editing) {
      this.#edit(null);
    } else if (event.key === "Escape" && this.chosen !== null) {
      this.#choose(null);
    } else if (event.key === "Enter" && isField) {
      this.#keep();
    } else if (
      isBox &&
      (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End")
    ) {
      this.#step(event.key);
    } else if (isBox && /^\d$/.test(event.key)) {
      this.#focused(event.target);
      this.#typed(event.key);
    } else {
      if (isField || isBox) event.stopPropagation(); // no shortcut of the page
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** The box that has the focus is chosen before it is typed over. */
  #focused(box) {
    const number = [...this.part("boxes").children].indexOf(box);
    if (number !== this.chosen) this.chosen = number;
  }

  #typed(text) {
    const one = this.boxes[this.chosen];
    if (!one || !/^\d$/.test(text)) return;
    one.digit = Number(text);
    this.part("label").value = text;
    this.#lay();
    this.#show();
    this.ask("correct", { digit: this.chosen, label: one.digit });
  }

  #keep() {
    const one = this.boxes[this.chosen];
    if (!one) return;
    if (one.kept === one.digit) this.ask("take-back", { digit: this.chosen });
    else this.ask("keep", { digit: this.chosen, label: one.digit });
  }

  /** What is done to it by hand: "crop", "tilt", or nothing. */
  #edit(what) {
    if (what === "crop") this.cropping.start();
    else this.cropping.stop();
    if (what === "tilt") this.tilting.start(this.heard.tilt);
    else this.tilting.stop();
    this.editing = what;
    this.part("cropping").hidden = what !== "crop";
    this.part("tilting").hidden = what !== "tilt";
    this.#card();
    for (const one of ["crop", "tilt"]) this.part(one).setAttribute("aria-pressed", one === what);
  }
}

const pictures = new WeakMap();

export default function ({ data, parentElement }) {
  if (!pictures.has(parentElement)) pictures.set(parentElement, new Reading(parentElement));
  pictures.get(parentElement).see(data);
  return () => {
    pictures.get(parentElement)?.close();
    pictures.delete(parentElement);
  };
}
