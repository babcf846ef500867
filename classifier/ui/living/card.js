/**
 * The card below the picture: what is known of the unit or map that is pointed at. Knows nothing of
 * who points.
 */
import { paintSigned, Sheet, SLATE } from "./sheets.js";
import { grey, signed } from "./unpack.js";

const ENLARGED = 3; // times, of a training image
const PAPER = 250;
const WEIGHTS = "Its weights: orange where ink excites it, blue where it calms it";

export class Card {
  constructor(root) {
    this.hint = root.querySelector(".living-hint");
    this.box = root.querySelector(".living-near");
    for (const name of ["weights", "said", "images"]) {
      this[name] = root.querySelector(`.living-${name}`);
    }
  }

  hide() {
    this.hint.hidden = false;
    this.box.hidden = true;
  }

  /** near: what the server has told of it, see `frames.py`; null as long as it has not. */
  show(title, words, near, colours, isMap) {
    this.hint.hidden = true;
    this.box.hidden = false;
    this.said.firstElementChild.textContent = title;
    this.said.lastElementChild.textContent = words;
    this.weights.hidden = !near?.weights;
    if (near?.weights) this.#paint(near.weights, colours);
    this.images.hidden = !near;
    if (!near) return;
    const [row, caption] = this.images.children;
    row.replaceChildren(...near.images.map(thumbnail));
    const most = `The training images that excite it most${isMap ? ", and where" : ""}.`;
    const wait = "Its training images are being looked at …";
    caption.textContent = near.isComing ? wait : near.words || most;
  }

  #paint({ rows, columns, values }, colours) {
    const canvas = this.weights.firstElementChild;
    const sheet = new Sheet(columns, rows);
    paintSigned(sheet, signed(values), colours);
    Object.assign(canvas, { width: columns, height: rows });
    canvas.getContext("2d").drawImage(sheet.canvas, 0, 0);
    canvas.setAttribute("aria-label", WEIGHTS);
  }
}

/** A training image, with a frame around what the map sees in it. */
function thumbnail({ pixels, label, box }) {
  const side = 28 * ENLARGED;
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const values = grey(pixels);
  const sheet = new Sheet(28, 28);
  sheet.fill((x, y) => SLATE.map((dark) => dark + ((PAPER - dark) * values[y * 28 + x]) / 255));
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(sheet.canvas, 0, 0, side, side);
  if (box && (box[2] - box[0] < 28 || box[3] - box[1] < 28)) {
    const [left, top, right, bottom] = box.map((edge) => edge * ENLARGED);
    context.strokeStyle = "#ffb84d";
    context.lineWidth = 3;
    context.strokeRect(left + 1.5, top + 1.5, right - left - 3, bottom - top - 3);
  }
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `A ${label}`);
  return canvas;
}
