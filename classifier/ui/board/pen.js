/**
 * Pointer events to strokes, and strokes to ink on the canvas. Knows nothing of the server.
 */
import { SIDE } from "./strokes.js";

/** One pointer draws at a time, and a way that leaves the canvas and is back is two strokes. */
export class Pen {
  /**
   * tell: {full, begun, moved, ended}, functions that are called when there is no room for a stroke,
   * and when one has begun, gone on and ended
   */
  constructor(drawing, slate, width, tell) {
    Object.assign(this, { drawing, slate, width, tell }); // width: the field that has it
    this.pointer = null; // id of the pointer that draws
  }

  point(event) {
    if (event.type === "pointerdown") this.#down(event);
    else if (event.pointerId === this.pointer) this.#move(event);
  }

  #begin(x, y) {
    return this.drawing.begin(x, y, Number(this.width.value));
  }

  #down(event) {
    // A second finger or another button does not draw. A new first one of the same kind does: the
    // end of the one before was lost.
    const isAnother = event.isPrimary && event.pointerType === this.kind;
    if (event.button !== 0 || (this.pointer !== null && !isAnother)) return;
    event.preventDefault();
    // Nor does the keyboard stay where it was: a key that is pressed now is meant for the board.
    document.activeElement?.blur();
    // For the whole stroke: a page that grows above the canvas would bend it.
    this.box = this.slate.frame.getBoundingClientRect();
    this.last = this.#place(event).map((at) => Math.min(Math.max(at, 0), SIDE));
    if (!this.#begin(...this.last)) {
      this.tell.full();
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
    this.slate.paint();
    this.tell.begun();
  }

  #move(event) {
    const isOver = event.type !== "pointermove" || event.buttons === 0;
    const events = event.getCoalescedEvents?.() ?? [];
    if (event.type !== "lostpointercapture" && event.type !== "pointercancel") {
      for (const one of events.length ? events : [event]) this.#go(...this.#place(one));
    }
    if (!isOver) {
      this.tell.moved();
      return;
    }
    this.pointer = null;
    this.drawing.end();
    this.tell.ended();
  }

  /** To a place; what lies beyond the edge is not seen, and so is not drawn. */
  #go(x, y) {
    const isInside = x >= 0 && x <= SIDE && y >= 0 && y <= SIDE;
    const before = this.outside ?? this.last;
    if (isInside && this.outside) {
      // Back on the canvas: a stroke of its own, if the drawing was not exchanged meanwhile.
      if (this.gone === this.drawing.id) this.#begin(...toEdge([x, y], before));
      this.outside = null;
    }
    const { live } = this.drawing;
    if (isInside) {
      if (this.drawing.extend(x, y)) this.slate.line(live);
    } else if (!this.outside) {
      if (this.drawing.extend(...toEdge(before, [x, y]))) this.slate.line(live);
      this.gone = live ? this.drawing.id : null;
      this.drawing.end();
    }
    this.last = [x, y];
    if (!isInside) this.outside = [x, y];
  }

  #place(event) {
    const { left, top, width, height } = this.box;
    return [((event.clientX - left) / width) * SIDE, ((event.clientY - top) / height) * SIDE];
  }
}

/** Where the way from a place on the canvas to one outside leaves it. */
function toEdge([x, y], [outX, outY]) {
  const share = (from, to) =>
    to < 0 ? from / (from - to) : to > SIDE ? (SIDE - from) / (to - from) : 1;
  const way = Math.min(share(x, outX), share(y, outY));
  return [x + (outX - x) * way, y + (outY - y) * way];
}

/** The ink on the component's canvas, as sharp as the screen is. */
export class Slate {
  /**
   * room: the element that holds the component; frame: the one whose size and colour the ink has;
   * signal: aborted when the component is to have its canvas back
   */
  constructor(room, frame, drawing, signal) {
    Object.assign(this, { room, frame, drawing, signal });
    this.ink = null; // the component's canvas, once there is one
  }

  /** Look for the canvas, which the component may set up late, and again; whether there is one. */
  find() {
    if (this.ink?.isConnected) return true;
    const shadow = this.room.querySelector(
      ".st-key-canvas [data-testid=stBidiComponentIsolated]",
    )?.shadowRoot;
    this.ink = shadow?.querySelector("canvas.upper-canvas");
    if (!this.ink) return false;
    this.ink.setAttribute("role", "img");
    this.ink.setAttribute("aria-label", "Drawing area, for mouse, finger or pen");
    // What the component's own toolbar offers stands below the canvas.
    const noToolbar = new CSSStyleSheet();
    noToolbar.replaceSync(".dc-toolbar { display: none !important; }");
    shadow.adoptedStyleSheets.push(noToolbar);
    this.signal.addEventListener("abort", () => {
      shadow.adoptedStyleSheets = shadow.adoptedStyleSheets.filter((one) => one !== noToolbar);
      this.ink.width = this.ink.height = SIDE;
    });
    this.paint();
    return true;
  }

  /** All of the drawing. */
  paint() {
    const { ink, drawing } = this;
    const side = Math.round(this.frame.getBoundingClientRect().width * devicePixelRatio);
    if (!side || !ink) return;
    if (ink.width !== side) ink.width = ink.height = side;
    const context = ink.getContext("2d");
    context.setTransform(side / SIDE, 0, 0, side / SIDE, 0, 0);
    context.clearRect(0, 0, SIDE, SIDE);
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = getComputedStyle(this.frame).color;
    if (drawing.image) paintImage(context, drawing.image.pixels);
    for (const stroke of drawing.strokes) paintLine(context, stroke, 0);
  }

  /** Only what the pen has added to a stroke. */
  line(stroke) {
    const from = Math.max(stroke.points.length - 4, 0);
    if (this.ink) paintLine(this.ink.getContext("2d"), stroke, from);
  }
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
function paintLine(context, { pen, points }, from) {
  context.beginPath();
  context.lineWidth = pen;
  context.moveTo(points[from], points[from + 1]);
  for (let k = from; k < points.length; k += 2) context.lineTo(points[k], points[k + 1]);
  context.stroke();
}
