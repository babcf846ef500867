/**
 * The ear: hears the pen on the canvas component, draws the ink on its canvas, tells the server what
 * is new, and shows what it answers. While the ear is alive, the component hears nothing, and neither
 * draws nor sends by itself, so that what is seen is what is answered. If anything here fails, the
 * ear steps aside, and the component draws and sends as it always does.
 */
import { Face, hide, setText } from "./face.js";
import { Pen, Slate } from "./pen.js";
import { Post } from "./post.js";
import { Drawing } from "./strokes.js";

const STORED = "digit-classifier-drawing";
const HEARD = ["pointerdown", "pointermove", "pointerup", "pointercancel", "lostpointercapture"];
const KEPT_AWAY = ["down", "move", "up", "over", "out", "enter", "leave"]
  .map((what) => `mouse${what}`)
  .concat("click", "dblclick", "contextmenu", "touchstart", "touchmove", "touchend");
const AWAY = "Not connected. Your drawing stays here, and is answered once the connection is back.";
const FULL = "The board is full: clear it first.";

const newId = () => crypto.getRandomValues(new Uint32Array(3)).join("-");

class Board {
  constructor(root, data) {
    this.root = root;
    this.room = root.closest(".st-key-board");
    this.data = data;
    this.drawing = new Drawing(data.limits, newId);
    this.room.drawing = this.drawing;
    this.shown = this.drawing.extent; // of the drawing, when it was as the newest answer says
    this.face = new Face(root);
    this.frame = root.querySelector(".board-frame");
    this.pen = root.querySelector(".board-pen input");
    this.word = root.querySelector(".board-word");
    this.app = document.querySelector('[data-testid="stApp"]');
    this.post = new Post(this.drawing, {
      isConnected: () => this.isConnected,
      say: (text) => this.#say(text),
      guard: (action) => this.#guard(action),
      answered: (extent, told) => this.#show(extent, told),
    });
    this.listeners = new AbortController();
    this.slate = new Slate(this.room, this.frame, this.drawing, this.listeners.signal);
    this.hand = new Pen(this.drawing, this.slate, this.pen, {
      full: () => this.#say(FULL),
      begun: () => this.refresh(),
      moved: () => this.post.pumpSoon(),
      ended: () => this.drawn(),
    });
    this.drawing.restore(withStorage((storage) => storage.getItem(STORED)));
    this.#listen();
    this.#guard(() => {
      this.#findCanvas();
      this.refresh();
      if (this.room.link) this.hear();
    });
  }

  #listen() {
    const { signal } = this.listeners;
    const on = (target, type, handler, options) =>
      target.addEventListener(type, (event) => this.#guard(() => handler(event)), {
        signal,
        ...options,
      });
    const onCanvas = (handler) => (event) => {
      if (event.composedPath().some((part) => part.classList?.contains("st-key-canvas"))) {
        event.stopPropagation();
        handler(event);
      }
    };
    const capture = { capture: true, passive: false };
    const point = onCanvas((event) => this.hand.point(event));
    // Where touches are not prevented, a browser takes the end of a quick stroke for a fling, and
    // lets no button be tapped for a moment.
    const keepAway = onCanvas((event) => event.cancelable && event.preventDefault());
    for (const type of HEARD) on(this.room, type, point, capture);
    for (const type of KEPT_AWAY) on(this.room, type, keepAway, capture);
    on(this.room, "link", () => this.hear());
    on(this.root, "click", (event) => {
      const button = event.target.closest("button[data-act], button[data-press]");
      if (button) this.act(button);
    });
    on(this.pen, "input", () => this.refresh());
    on(document, "keydown", (event) => this.key(event));
    on(window, "pagehide", () => this.keep());
    on(document, "visibilitychange", () => this.post.pump());
    new ResizeObserver(() => this.#guard(() => this.slate.paint())).observe(this.frame);
    const watch = (target, options, action) => {
      const observer = new MutationObserver(() => this.#guard(action));
      observer.observe(target, options);
      signal.addEventListener("abort", () => observer.disconnect());
    };
    watch(this.app, { attributeFilter: ["data-test-connection-state"] }, () => this.connect());
    watch(document.body, { childList: true }, () => this.#closeDialog());
  }

  #guard(action) {
    try {
      action();
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error) {
    this.close();
    giveUp(this.room, error);
  }

  close() {
    this.post.close();
    this.listeners.abort();
  }

  /** The component may set its canvas up later than this, and again. */
  #findCanvas() {
    if (this.listeners.signal.aborted || this.slate.find()) return;
    requestAnimationFrame(() => this.#guard(() => this.#findCanvas()));
  }

  // What can be pressed.

  act(button) {
    const { act, press } = button.dataset;
    if (press) {
      this.post.press(press);
      this.refresh();
      this.post.pump();
    } else if (this.drawing[act]()) {
      this.changed();
    }
  }

  key(event) {
    const { target, key, code } = event;
    const field = event.composedPath()[0];
    const isField =
      field.isContentEditable ||
      field.matches?.("textarea, select, input:not([type=range], [type=checkbox], [type=radio])");
    // With shift they are the page's: some keyboards write digits so.
    const isHeld = event.shiftKey || event.ctrlKey || event.metaKey || event.altKey;
    if (event.defaultPrevented || isHeld) return;
    if (isField || !this.post.link?.data.keys) return;
    if (key === "Enter" && target.closest?.("button, a, [role=button], summary")) return;
    const digit = /^Digit(\d)$/.exec(code)?.[1]; // whatever it writes without shift
    const name = digit ?? (key.length === 1 ? key.toLowerCase() : key);
    const isMeant = (one) =>
      one.dataset.key === name &&
      (one.dataset.keyOf ?? this.keysOf) === this.keysOf &&
      one.checkVisibility() &&
      !one.disabled;
    const button = [...this.root.querySelectorAll("button[data-key]")].find(isMeant);
    if (button) {
      event.preventDefault();
      this.act(button);
    }
  }

  /** Whether the keys 0 to 9 fetch samples or say what the drawing is. */
  get keysOf() {
    return this.root.querySelector(".board-arm input").checked ? "labels" : "samples";
  }

  /** The drawing is another one. */
  changed() {
    this.slate.paint();
    this.drawn();
  }

  /** A stroke was added to it, or taken away. */
  drawn() {
    this.keep();
    this.refresh();
    this.post.pump();
  }

  keep() {
    withStorage((storage) => storage.setItem(STORED, this.drawing.stored()));
  }

  /** Buttons and placeholder as the drawing is now. */
  refresh() {
    const { root, drawing } = this;
    const enable = (act, isPossible) => {
      root.querySelector(`[data-act=${act}]`).disabled = !isPossible;
    };
    enable("undo", drawing.past.length > 0);
    enable("redo", drawing.future.length > 0);
    enable("clear", !drawing.isEmpty);
    root.querySelector(".board-pen output").textContent = this.pen.value;
    hide(root.querySelector(".board-hint"), !drawing.isEmpty);
    for (const button of root.querySelectorAll("[data-press]")) {
      const isWaiting = this.post.pressed.some(({ name }) => name === button.dataset.press);
      button.classList.toggle("is-pressed", isWaiting);
    }
    if (drawing.isEmpty) this.face.show(this.data.blank, false);
  }

  // The server.

  /** The link has brought what the server says. */
  hear() {
    this.post.hear(this.room.link);
    const { have, command, row, keys, ...told } = this.room.link.data;
    if (command && this.drawing.apply(command)) {
      this.slate.paint();
      this.keep();
    }
    this.#ask(row, keys);
    this.refresh();
    this.#show(have, told);
    if (!this.drawing.live && this.drawing.news() === null) this.face.speak();
    this.#findCanvas();
    this.post.pump();
  }

  /** An answer has come to the drawing as far as `extent`: a later one may be there already. */
  #show(extent, { answer, living }) {
    const { drawing, shown } = this;
    const isOther = extent.drawing !== drawing.id;
    const more = extent.strokes - shown.strokes || extent.points - shown.points;
    if (shown.drawing === drawing.id && (isOther || more < 0)) return;
    this.shown = extent;
    if (!drawing.isEmpty && !isOther) this.face.show(answer, this.room.link.data.tables);
    if (this.isConnected) this.#say("");
    this.room.dispatchEvent(new CustomEvent("answer", { detail: living }));
  }

  /** The row that asks what was drawn. */
  #ask({ ask, labels, round, kept, problem, samples, send }, keys) {
    const part = (name) => this.root.querySelector(`.board-${name}`);
    const texts = { ask, kept, problem, place: round, "send-text": send };
    for (const [name, text] of Object.entries(texts)) setText(part(name), text);
    const arm = labels && samples && keys;
    const wanted = { ...texts, labels, round, send, "take-back": kept, samples, arm };
    for (const [name, isWanted] of Object.entries(wanted)) hide(part(name), !isWanted);
    this.root.classList.toggle("has-keys", keys);
  }

  get isConnected() {
    return this.app.dataset.testConnectionState === "CONNECTED";
  }

  connect() {
    if (this.isConnected) {
      this.#say("");
      this.post.connected();
    } else {
      this.post.lost();
      this.#say(AWAY);
    }
  }

  /** Streamlit tells of a lost connection in a dialog that keeps the pen off the whole page. */
  #closeDialog() {
    if (this.isConnected) return;
    document.querySelector('[data-testid="stDialog"] [aria-label="Close"]')?.click();
  }

  #say(text) {
    setText(this.word, text);
    hide(this.word, !text);
  }
}

/** Do this with the session's storage of the browser. If that is full, or switched off, the drawing
 * ends with its page. */
function withStorage(action) {
  try {
    return action(sessionStorage);
  } catch {
    return null;
  }
}

/** Step aside for good: the component draws and sends by itself from now on. */
function giveUp(room, error) {
  console.error("board", error);
  const tell = () => room.link.setTriggerValue("failed", String(error).slice(0, 200));
  if (room.link) tell();
  else room.addEventListener("link", tell, { once: true });
}

const boards = new WeakMap();

export default function ({ parentElement, data }) {
  if (!boards.has(parentElement)) {
    try {
      boards.set(parentElement, new Board(parentElement, data));
    } catch (error) {
      giveUp(parentElement.closest(".st-key-board"), error);
    }
  }
  return () => {
    boards.get(parentElement)?.close();
    boards.delete(parentElement);
  };
}
