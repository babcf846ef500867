/**
 * Drawings on a canvas, each in its tile, moving softly to where it is to lie. Nothing is painted
 * while nothing moves. Knows nothing of where the drawings come from.
 */

const MOVES = 700; // milliseconds
const CANVAS = 280; // pixels of the canvas that strokes were drawn on
const TURNS = 600; // milliseconds in which a tile turns round that is read otherwise
const AT_ONCE = 12; // tiles that are made anew in one frame
const SIGNS = { right: "", wrong: " ✗", unsure: " ?", unread: "" };

const ease = (share) => 1 - (1 - share) ** 3;

/** How a drawing was read: what its tile is coloured by. */
export const tone = ({ label, answer, doubt }) => {
  if (answer === null) return "unread";
  if (doubt > 0) return "unsure";
  return answer === label ? "right" : "wrong";
};

/** What stands below a drawing. */
export const words = (drawing) => {
  const { label, answer } = drawing;
  return answer === null ? `${label}` : `${label} → ${answer}${SIGNS[tone(drawing)]}`;
};

const between = (from, to, share) => {
  const at = (name) => from[name] + (to[name] - from[name]) * share;
  return { x: at("x"), y: at("y"), width: at("width"), height: at("height"), alpha: at("alpha") };
};

export class Painter {
  /** colours: gives {ink, board, paper, right, wrong, unsure, unread} as CSS colours */
  constructor(canvas, colours) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.colours = colours;
    this.items = new Map(); // by their drawings' numbers
    this.frame = 0;
    this.wholeUntil = 0; // until when something moves over other drawings' places
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** Let all drawings go to these places, see `Tiles.places`, in a room of this size. */
  show(places, width, height) {
    const scale = devicePixelRatio || 1;
    const [pixels, lines] = [Math.round(width * scale), Math.round(height * scale)];
    const resized = this.canvas.width !== pixels || this.canvas.height !== lines;
    if (resized) {
      this.canvas.width = pixels;
      this.canvas.height = lines;
    }
    this.scale = scale;
    const palette = this.colours();
    const look = JSON.stringify(palette);
    const before = this.look;
    if (look !== before) for (const item of this.items.values()) item.picture = null;
    this.look = look;
    this.palette = palette;
    const now = performance.now();
    const kept = new Map();
    let isWhole = resized || look !== before;
    for (const { drawing, ...to } of places) {
      const target = { ...to, alpha: 1 };
      const item = this.items.get(drawing.number) ?? { drawing, from: arriving(target) };
      if (!isReadAlike(item.drawing, drawing)) this.#turn(item, drawing, now);
      if (!item.to || !same(item.to, target)) {
        if (item.to) {
          item.from = this.#at(item, now);
          isWhole = true;
        }
        Object.assign(item, { to: target, begun: now, isPainted: false });
      }
      kept.set(drawing.number, item);
    }
    isWhole ||= [...this.items.keys()].some((number) => !kept.has(number));
    this.items = kept;
    if (isWhole) this.wholeUntil = now + MOVES;
    this.#ask();
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.items.clear();
  }

  /** It is read otherwise: its tile turns round, and has the new words on its other side. */
  #turn(item, drawing, now) {
    const isSeen = !this.still.matches && item.picture;
    Object.assign(item, { drawing, isPainted: false, picture: null });
    item.back = isSeen || null;
    item.turned = isSeen ? now : -TURNS;
  }

  #ask() {
    this.frame ||= requestAnimationFrame((now) => this.#paint(now));
  }

  #at(item, now) {
    const share = this.still.matches ? 1 : Math.min(Math.max((now - item.begun) / MOVES, 0), 1);
    return share === 1 ? item.to : between(item.from, item.to, ease(share));
  }

  /** One frame. What only arrives moves within its own place, so that nothing else is painted. */
  #paint(now) {
    this.frame = 0;
    const { context, scale } = this;
    const isWhole = this.isUnfinished || this.wholeUntil > 0;
    if (isWhole) context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    let [made, isMoving] = [0, now < this.wholeUntil];
    this.isUnfinished = false;
    for (const item of this.items.values()) {
      if (item.isPainted && !isWhole) continue;
      const place = this.#at(item, now);
      const width = Math.max(Math.round(item.to.width * scale), 1);
      if (item.picture?.width !== width) {
        if (made === AT_ONCE) this.isUnfinished = true;
        else item.picture = this.#picture(item.drawing, width, Math.round(item.to.height * scale));
        made = Math.min(made + 1, AT_ONCE);
      }
      const turned = Math.min((now - (item.turned ?? -TURNS)) / TURNS, 1);
      const isTurned = turned === 1;
      if (isTurned) item.back = null;
      item.isPainted = isTurned && place === item.to && item.picture?.width === width;
      isMoving ||= !item.isPainted;
      if (!isWhole) context.clearRect(...inPixels(item.to, scale, 1));
      const side = turned < 0.5 ? item.back : item.picture;
      if (!side) continue;
      context.globalAlpha = place.alpha;
      context.drawImage(side, ...inPixels(narrowed(place, Math.abs(2 * turned - 1)), scale, 0));
    }
    context.globalAlpha = 1;
    if (isMoving) this.#ask();
    else this.wholeUntil = 0;
  }

  /** One tile, painted once for each size. */
  #picture(drawing, width, height) {
    const picture = document.createElement("canvas");
    picture.width = width;
    picture.height = Math.max(height, 1);
    const context = picture.getContext("2d");
    const { palette } = this;
    const edge = Math.max(width * 0.035, 1.5);
    const colour = palette[tone(drawing)];
    context.fillStyle = colour;
    context.beginPath();
    context.roundRect(0, 0, width, height, width * 0.07);
    context.fill();
    const side = width - 2 * edge;
    context.fillStyle = palette.board;
    context.beginPath();
    context.roundRect(edge, edge, side, side, width * 0.045);
    context.fill();
    context.fillStyle = palette.paper;
    const below = height - side - 2 * edge;
    context.font = `700 ${below * 0.82}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(words(drawing), width / 2, edge + side + (below + edge) / 2, side);
    context.save();
    context.beginPath();
    context.rect(edge, edge, side, side);
    context.clip();
    context.translate(edge, edge);
    context.scale(side / CANVAS, side / CANVAS);
    context.strokeStyle = palette.ink;
    context.lineWidth = drawing.pen;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of drawing.strokes) {
      context.beginPath();
      line(context, stroke);
      context.stroke();
    }
    context.restore();
    return picture;
  }
}

const inPixels = ({ x, y, width, height }, scale, more) => [
  x * scale - more,
  y * scale - more,
  width * scale + 2 * more,
  height * scale + 2 * more,
];

/** The place of a tile that is turned so that this share of its width is seen. */
const narrowed = (place, share) => ({
  ...place,
  x: place.x + (place.width * (1 - share)) / 2,
  width: place.width * share,
});

const isReadAlike = (one, other) => words(one) === words(other) && tone(one) === tone(other);

const SIDES = ["x", "y", "width", "height"];
const same = (one, other) => SIDES.every((side) => one[side] === other[side]);

/** A stroke, x and y in turn, with the corners that it was drawn with. */
const line = (context, stroke) => {
  context.moveTo(stroke[0], stroke[1]);
  for (let k = 0; k < stroke.length; k += 2) context.lineTo(stroke[k], stroke[k + 1]);
};

/** From where a drawing comes: smaller, a little lower, and not seen. */
const arriving = ({ x, y, width, height }) => ({
  x: x + width * 0.2,
  y: y + height * 0.35,
  width: width * 0.6,
  height: height * 0.6,
  alpha: 0,
});
