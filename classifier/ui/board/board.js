/**
 * The ear: hears the pen on the canvas component, draws the ink on its canvas, tells the server what
 * is new, and shows what it answers. While the ear is alive, the component hears nothing, and neither
 * draws nor sends by itself, so that what is seen is what is answered. If anything here fails, the
 * ear steps aside, and the component draws and sends as it always does.
 */
import { Face, hide, setText } from "./face.js";
import { Drawing, Pace } from "./strokes.js";

const SIDE = 280; // canvas pixels
const STORED = "digit-classifier-drawing";
const PATIENCE = 4000; // milliseconds until what was not answered is sent again
const MOMENT = 12; // milliseconds that a move waits for the next one
const QUIET = 1500; // milliseconds without an answer before the page says so
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
    this.pace = new Pace(() => performance.now());
    this.face = new Face(root);
    this.frame = root.querySelector(".board-frame");
    this.ink = null; // the component's canvas, once there is one
    this.pen = root.querySelector(".board-pen input");
    this.word = root.querySelector(".board-word");
    this.link = null; // the newest data of the link, and its way to the server
    this.number = 0; // of the last message
    this.pressed = []; // {name, number} each, that the server has not answered yet
    this.presses = 0;
    this.sent = ""; // what the last message said,
    this.tries = 0; // and how often it was sent
    this.pointer = null; // id of the pointer that draws
    this.listeners = new AbortController();
    this.store = new Store();
    this.drawing.restore(this.store.read());
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
    const point = onCanvas((event) => this.point(event));
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
    on(document, "visibilitychange", () => this.pump());
    new ResizeObserver(() => this.#guard(() => this.paint())).observe(this.frame);
    this.app = document.querySelector('[data-testid="stApp"]');
    this.connection = new MutationObserver(() => this.#guard(() => this.connect()));
    this.connection.observe(this.app, { attributeFilter: ["data-test-connection-state"] });
    this.dialogs = new MutationObserver(() => this.#guard(() => this.#closeDialog()));
    this.dialogs.observe(document.body, { childList: true });
    signal.addEventListener("abort", () => {
      this.connection.disconnect();
      this.dialogs.disconnect();
    });
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
    for (const timer of [this.timer, this.soon, this.wordTimer]) clearTimeout(timer);
    this.listeners.abort();
  }

  // The pen.

  point(event) {
    if (event.type === "pointerdown") this.#down(event);
    else if (event.pointerId === this.pointer) this.#move(event);
  }

  #down(event) {
    // A second finger or another button does not draw. A new first one of the same kind does: the
    // end of the one before was lost.
    const isAnother = event.isPrimary && event.pointerType === this.kind;
    if (event.button !== 0 || (this.pointer !== null && !isAnother)) return;
    event.preventDefault();
    // Nor does the keyboard stay where it was: a key that is pressed now is meant for the board.
    document.activeElement?.blur();
    const [x, y] = this.#place(event);
    if (!this.drawing.begin(x, y, Number(this.pen.value))) {
      this.#say(FULL);
      return;
    }
    this.pointer = event.pointerId;
    this.kind = event.pointerType;
    this.outside = null;
    try {
      event.composedPath()[0].setPointerCapture(event.pointerId);
    } catch {
      // A pointer that is gone by now draws a dot.
    }
    this.paint();
    this.refresh();
  }

  #move(event) {
    const isOver = event.type !== "pointermove" || event.buttons === 0;
    const events = event.getCoalescedEvents?.() ?? [];
    if (event.type !== "lostpointercapture" && event.type !== "pointercancel") {
      for (const one of events.length ? events : [event]) this.#go(...this.#place(one));
    }
    if (isOver) {
      this.pointer = null;
      this.drawing.end();
      this.keep();
      this.refresh();
      this.pump();
    } else {
      this.#pumpSoon();
    }
  }

  /** To a place; what lies beyond the edge is not seen, and so is not drawn. */
  #go(x, y) {
    const isInside = x >= 0 && x <= SIDE && y >= 0 && y <= SIDE;
    const before = this.outside ?? this.last;
    if (isInside && this.outside) {
      // Back on the canvas: a stroke of its own, if the drawing was not exchanged meanwhile.
      const [edgeX, edgeY] = toEdge([x, y], before);
      if (this.gone === this.drawing.id) this.drawing.begin(edgeX, edgeY, Number(this.pen.value));
      this.outside = null;
    }
    if (isInside) {
      const { live } = this.drawing;
      if (this.drawing.extend(x, y)) this.#line(live);
    } else if (!this.outside) {
      const { live } = this.drawing;
      if (this.drawing.extend(...toEdge(before, [x, y]))) this.#line(live);
      this.gone = live ? this.drawing.id : null;
      this.drawing.end();
    }
    this.last = [x, y];
    if (!isInside) this.outside = [x, y];
  }

  #place(event) {
    const box = this.frame.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * SIDE;
    const y = ((event.clientY - box.top) / box.height) * SIDE;
    if (event.type === "pointerdown") {
      this.last = [Math.min(Math.max(x, 0), SIDE), Math.min(Math.max(y, 0), SIDE)];
      return this.last;
    }
    return [x, y];
  }

  // The ink.

  /** The component may set its canvas up later than this, and again. */
  #findCanvas() {
    if (this.ink?.isConnected || this.listeners.signal.aborted) return;
    const shadow = this.room.querySelector(
      ".st-key-canvas [data-testid=stBidiComponentIsolated]",
    )?.shadowRoot;
    this.ink = shadow?.querySelector("canvas.upper-canvas");
    if (!this.ink) {
      requestAnimationFrame(() => this.#guard(() => this.#findCanvas()));
      return;
    }
    this.ink.setAttribute("role", "img");
    this.ink.setAttribute("aria-label", "Drawing area, for mouse, finger or pen");
    // What the component's own toolbar offers stands below the canvas.
    shadow.adoptedStyleSheets.push(NO_TOOLBAR);
    this.listeners.signal.addEventListener("abort", () => {
      shadow.adoptedStyleSheets = shadow.adoptedStyleSheets.filter((one) => one !== NO_TOOLBAR);
      this.ink.width = this.ink.height = SIDE;
    });
    this.paint();
  }

  /** All of the drawing, as sharp as the screen is. */
  paint() {
    const { ink, drawing } = this;
    const side = Math.round(this.frame.getBoundingClientRect().width * devicePixelRatio);
    hide(this.root.querySelector(".board-hint"), !drawing.isEmpty);
    if (!side || !ink) return;
    if (ink.width !== side) ink.width = ink.height = side;
    const context = ink.getContext("2d");
    context.setTransform(side / SIDE, 0, 0, side / SIDE, 0, 0);
    context.clearRect(0, 0, SIDE, SIDE);
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = getComputedStyle(this.frame).color;
    if (drawing.image) paintImage(context, drawing.image.pixels);
    for (const { pen, points } of drawing.strokes) paintLine(context, pen, points, 0);
  }

  /** Only what the pen has added. */
  #line({ pen, points }) {
    if (this.ink) paintLine(this.ink.getContext("2d"), pen, points, Math.max(points.length - 4, 0));
  }

  // What can be pressed.

  act(button) {
    const { act, press } = button.dataset;
    if (press) {
      this.pressed.push({ name: press, number: ++this.presses });
      this.refresh();
      this.pump();
    } else if (this.drawing[act]()) {
      this.changed();
    }
  }

  key(event) {
    const { target, key } = event;
    const field = event.composedPath()[0];
    const isField =
      field.isContentEditable ||
      field.matches?.("textarea, select, input:not([type=range], [type=checkbox], [type=radio])");
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isField || !this.link?.data.keys) return;
    if (key === "Enter" && target.closest?.("button, a, [role=button], summary")) return;
    const name = key.length === 1 ? key.toLowerCase() : key;
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
    this.paint();
    this.keep();
    this.refresh();
    this.pump();
  }

  keep() {
    this.store.write(this.drawing.stored());
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
      const isWaiting = this.pressed.some(({ name }) => name === button.dataset.press);
      button.classList.toggle("is-pressed", isWaiting);
    }
    if (drawing.isEmpty) this.face.show(this.data.blank, false);
  }

  // The server.

  /** The link has brought what the server says. */
  hear() {
    this.link = this.room.link;
    const { have, command, answer, row, tables } = this.link.data;
    this.number = Math.max(this.number, have.number);
    this.presses = Math.max(this.presses, have.pressed);
    this.drawing.hear(have);
    this.pace.heard(have.number);
    this.pressed = this.pressed.filter(({ number }) => number > have.pressed);
    if (command && this.drawing.apply(command)) {
      this.paint();
      this.keep();
    }
    this.#ask(row);
    this.refresh();
    if (!this.drawing.isEmpty && have.drawing === this.drawing.id) {
      this.face.show(answer, tables);
    }
    if (!this.drawing.live && this.drawing.news() === null) this.face.speak();
    this.#findCanvas();
    this.#say("");
    this.pump();
  }

  /** The row that asks what was drawn. */
  #ask({ ask, labels, round, kept, problem, samples }) {
    const { root } = this;
    const set = (selector, text) => {
      setText(root.querySelector(selector), text);
      hide(root.querySelector(selector), !text);
    };
    set(".board-ask", ask);
    set(".board-kept", kept);
    set(".board-problem", problem);
    set(".board-place", round);
    hide(root.querySelector(".board-labels"), !labels);
    hide(root.querySelector(".board-round"), !round);
    hide(root.querySelector(".board-take-back"), !kept);
    hide(root.querySelector(".board-samples"), !samples);
    hide(root.querySelector(".board-arm"), !labels || !samples || !this.link.data.keys);
    root.classList.toggle("has-keys", this.link.data.keys);
  }

  /** The pen has moved: if it is lifted in this moment, one message tells of both. */
  #pumpSoon() {
    this.soon ??= setTimeout(() => this.#guard(() => this.pump()), MOMENT);
  }

  /** Send what is new, now or as soon as it may be. */
  pump() {
    clearTimeout(this.timer);
    clearTimeout(this.soon);
    this.soon = undefined;
    if (!this.link || !this.isConnected) return;
    // What is pressed is about whole strokes: it waits until the pen is lifted.
    const presses = this.drawing.live ? [] : this.pressed;
    const news = this.drawing.news() ?? (presses.length ? this.#nothingNew() : null);
    if (!news) return;
    // Where the pen rests or a button was pressed, nothing waits behind what is under way.
    const isUrgent = news.resting;
    const content = this.#content(news);
    this.tries = content === this.sent ? this.tries : 0;
    // What was sent thrice and is still not there is not wanted.
    if ((this.pace.awaited && (!isUrgent || content === this.sent)) || this.tries > 2) {
      this.timer = setTimeout(() => this.#guard(() => this.#again()), PATIENCE);
      return;
    }
    const wait = isUrgent ? 0 : this.pace.wait();
    if (wait > 0) {
      this.timer = setTimeout(() => this.#guard(() => this.pump()), wait);
      return;
    }
    this.sent = content;
    this.tries += 1;
    this.number += 1;
    this.pace.sent(this.number);
    this.link.setTriggerValue("said", { number: this.number, presses, ...news });
    clearTimeout(this.wordTimer);
    this.wordTimer = setTimeout(() => {
      if (this.pace.awaited) this.#say("The answer takes a while …");
    }, QUIET);
    this.timer = setTimeout(() => this.#guard(() => this.#again()), PATIENCE);
  }

  #nothingNew() {
    const { id, applied, strokes } = this.drawing;
    const rest = { from: strokes.length, strokes: [], resting: true };
    return { drawing: id, applied, image: null, ...rest };
  }

  #content({ drawing, resting }) {
    const { strokes } = this.drawing;
    const points = strokes[strokes.length - 1]?.points.length ?? 0;
    return [drawing, strokes.length, points, resting, this.presses].join();
  }

  #again() {
    this.pace.lost();
    this.sent = "";
    this.pump();
  }

  get isConnected() {
    return this.app.dataset.testConnectionState === "CONNECTED";
  }

  connect() {
    if (this.isConnected) {
      this.#say("");
      // The server says first what it has, by the link; if it stays silent, it is asked.
      this.timer = setTimeout(() => this.#guard(() => this.#again()), QUIET);
    } else {
      this.pace.lost();
      this.sent = "";
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

const NO_TOOLBAR = new CSSStyleSheet();
NO_TOOLBAR.replaceSync(".dc-toolbar { display: none !important; }");

/** The session's storage of the browser; one that is switched off keeps nothing. */
class Store {
  read() {
    try {
      return sessionStorage.getItem(STORED) ?? "";
    } catch {
      return "";
    }
  }

  write(text) {
    try {
      sessionStorage.setItem(STORED, text);
    } catch {
      // Full, or switched off: then the drawing ends with its page.
    }
  }
}

/** Where the way from a place on the canvas to one outside leaves it. */
function toEdge([x, y], [outX, outY]) {
  const share = (from, to) =>
    to < 0 ? from / (from - to) : to > SIDE ? (SIDE - from) / (to - from) : 1;
  const way = Math.min(share(x, outX), share(y, outY));
  return [x + (outX - x) * way, y + (outY - y) * way];
}

/** A network input, 28×28 bytes in base64, over the whole canvas. */
function paintImage(context, pixels) {
  const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const side = Math.sqrt(bytes.length);
  const small = new OffscreenCanvas(side, side);
  const data = new ImageData(side, side);
  for (const [k, value] of bytes.entries()) data.data.set([255, 255, 255, value], 4 * k);
  small.getContext("2d").putImageData(data, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, SIDE, SIDE);
}

/** A line through the points from an index on; one point alone is a dot. */
function paintLine(context, pen, points, from) {
  context.beginPath();
  context.lineWidth = pen;
  context.moveTo(points[from], points[from + 1]);
  for (let k = from; k < points.length; k += 2) context.lineTo(points[k], points[k + 1]);
  context.stroke();
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
