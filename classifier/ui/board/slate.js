/**
 * The ink on the component's canvas, as sharp as the screen is. Knows nothing of pointers, or of the
 * server.
 */
import { SIDE } from "./strokes.js";

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
    shadow.adoptedStyleSheets.push(NO_TOOLBAR);
    this.signal.addEventListener("abort", () => {
      shadow.adoptedStyleSheets = shadow.adoptedStyleSheets.filter((one) => one !== NO_TOOLBAR);
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

const NO_TOOLBAR = new CSSStyleSheet();
NO_TOOLBAR.replaceSync(".dc-toolbar { display: none !important; }");

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
