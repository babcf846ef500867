/**
 * The wall of a class in the browser: its drawings, how one joins, and what was read as what. What
 * comes of the drawings is confirmed, so that the server sends only what is new.
 */
import { Painter } from "./painter.js";
import { RoundFace } from "./round.js";
import { Tiles } from "./tiles.js";

const DIGITS = 10;
const KEYS = { q: "way-in", m: "results", n: "living" };
const COLOURS = ["ink", "board", "paper", "right", "wrong", "unsure", "unread"];

const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const cell = (parent, className, text) => {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  parent.append(element);
  return element;
};

class Wall {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`.wall-${name}`);
    this.drawings = this.part("drawings");
    this.tiles = new Tiles();
    this.revision = 0;
    this.round = new RoundFace(root);
    this.painter = new Painter(root.querySelector("canvas"), () => this.#colours());
    this.resized = new ResizeObserver(() => this.#lay());
    this.resized.observe(this.drawings);
    // The theme is another one, and its colours are there.
    this.onTheme = ({ target }) => target === root && this.#lay();
    root.addEventListener("transitionend", this.onTheme);
    this.onKey = (event) => this.#press(event);
    document.addEventListener("keydown", this.onKey, true);
  }

  close() {
    this.painter.close();
    this.round.close();
    this.resized.disconnect();
    this.root.removeEventListener("transitionend", this.onTheme);
    document.removeEventListener("keydown", this.onKey, true);
  }

  /** The server has said how the class stands. */
  hear(data, say) {
    this.say = say;
    this.#frame(data);
    this.#results(data.counts);
    this.round.show(data.round, data.last);
    this.#read(data.round?.watch?.answers);
    if (data.revision === this.revision) {
      if (data.base !== data.revision) say("have", this.revision); // the server was not told
      return;
    }
    if (data.base === this.revision || data.base === 0) {
      if (data.base === 0) this.tiles.clear();
      this.tiles.remove(data.gone);
      for (const drawing of data.come) this.tiles.add(drawing);
      this.revision = data.revision;
      this.#lay();
    }
    say("have", this.revision);
  }

  /** All around the drawings. */
  #frame({ name, code, address, picture, way_in, said, hint, words, counts, living }) {
    const { root, part } = this;
    root.dataset.wayIn = way_in;
    root.classList.toggle("has-results", counts !== null);
    root.classList.toggle("has-living", living);
    setText(part("name"), name);
    setText(part("code"), code);
    setText(part("address"), address);
    setText(part("said"), said);
    setText(part("spoken"), words);
    setText(part("hint"), hint);
    part("way-in").hidden = way_in === "none";
    if (part("qr").getAttribute("src") !== picture) part("qr").src = picture;
    part("qr").alt = `QR code of ${address}`;
  }

  /** answers: what a network that learns reads now, by the drawings' numbers; the others it learns
   * from. Without one the drawings are shown as they were read when they came. */
  #read(answers) {
    const told = JSON.stringify(answers);
    if (told === this.toldAnswers) return;
    this.toldAnswers = told;
    this.answers = answers;
    this.#lay();
  }

  #lay() {
    const { clientWidth: width, clientHeight: height } = this.drawings;
    const { answers } = this;
    const read = (one) => ({ ...one, answer: answers[one.number] ?? null, doubt: 0 });
    const places = this.tiles.places(width, height);
    const now = answers
      ? places.map(({ drawing, ...place }) => ({ drawing: read(drawing), ...place }))
      : places;
    this.painter.show(now, width, height);
    const { drawings } = this.tiles;
    this.root.dataset.drawings = drawings.length;
    this.root.dataset.newest = Math.max(0, ...drawings.map((one) => one.number));
  }

  #colours() {
    const found = COLOURS.map((name) => [
      name,
      getComputedStyle(this.root.querySelector(`.wall-${name}`)).color,
    ]);
    return Object.fromEntries(found);
  }

  /** counts: (10, 11), row is the label, column what was answered, the last: nothing; or null */
  #results(counts) {
    const told = JSON.stringify(counts);
    if (told === this.told || counts === null) return;
    this.told = told;
    const [matrix, bars] = [this.part("matrix"), this.part("bars")];
    matrix.replaceChildren();
    bars.replaceChildren();
    const largest = Math.max(1, ...counts.flatMap((row) => row.slice(0, DIGITS)));
    cell(matrix, "wall-axis", "");
    for (let digit = 0; digit < DIGITS; digit++) cell(matrix, "wall-axis", digit);
    counts.forEach((row, label) => {
      cell(matrix, "wall-axis", label);
      row.slice(0, DIGITS).forEach((count, answer) => {
        const kind = label === answer ? "is-right" : "is-wrong";
        const one = cell(matrix, `wall-cell ${count ? kind : ""}`, count || "");
        one.style.setProperty("--share", 0.35 + (0.65 * count) / largest);
      });
      const total = row.reduce((sum, count) => sum + count, 0);
      const share = total ? row[label] / total : 0;
      const line = cell(bars, "wall-bar", "");
      line.style.setProperty("--share", share);
      cell(line, "wall-digit", label);
      cell(line, "wall-track", "");
      cell(line, "wall-share", total ? `${Math.round(share * 100)} %` : "–");
    });
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const key = event.key.toLowerCase();
    if (key === "f") {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen?.();
    } else if (key in KEYS) {
      this.say?.("press", KEYS[key]);
    } else {
      return;
    }
    event.stopPropagation();
    event.preventDefault();
  }
}

const walls = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".wall");
  if (!walls.has(parentElement)) walls.set(parentElement, new Wall(root));
  walls.get(parentElement).hear(data, setTriggerValue);
  return () => {
    walls.get(parentElement)?.close();
    walls.delete(parentElement);
  };
}
