/**
 * Draws the scene: plates seen from the side, links between them, and the ten digits. Knows nothing
 * of where its numbers come from, or of what is pointed at but that it lights.
 */
import { middle, project, seenBy } from "./layout.js";
import { css } from "./sheets.js";

const FRAME = "#a87d45"; // the board's wood

export class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  resize({ width, height }) {
    const times = Math.min(window.devicePixelRatio || 1, 2);
    this.times = times;
    this.canvas.width = Math.round(width * times);
    this.canvas.height = Math.round(height * times);
    this.canvas.style.height = `${height}px`;
  }

  /** scene: {shape, stages, state, links, lit, colours, pulse, field}, see `living.js` */
  paint(scene) {
    const { context, times } = this;
    context.setTransform(times, 0, 0, times, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.lineCap = "round";
    scene.stages.forEach((stage, number) => {
      if (number) this.#links(scene, number);
      this.#stage(scene, stage, number);
    });
    scene.stages.forEach((_, number) => {
      this.#label(scene, number);
    });
    if (scene.field) this.#field(scene);
  }

  #stage(scene, stage, number) {
    if (stage.kind === "pixels") this.#drawing(scene);
    else if (stage.kind === "maps") this.#maps(scene, stage, number);
    else if (stage.kind === "units") this.#units(scene, number);
    else this.#digits(scene, number);
  }

  #onto({ a, b, c, d, e, f }) {
    const { context, times } = this;
    context.setTransform(times * a, times * b, times * c, times * d, times * e, times * f);
  }

  #flat() {
    this.context.setTransform(this.times, 0, 0, this.times, 0, 0);
  }

  #drawing({ shape, state }) {
    const { context } = this;
    const { matrix, width, height } = shape.plates[0];
    this.#onto(matrix);
    context.fillStyle = "rgba(0, 0, 0, 0.14)";
    context.beginPath();
    context.roundRect(2, 8, width + 10, height + 8, 10);
    context.fill();
    context.fillStyle = FRAME;
    context.beginPath();
    context.roundRect(-5, -5, width + 10, height + 10, 8);
    context.fill();
    context.imageSmoothingEnabled = false;
    context.drawImage(state[0].sheet.canvas, 0, 0, width, height);
    this.#flat();
  }

  #maps({ shape, state, lit, colours, focus }, stage, number) {
    const { context } = this;
    const { matrix, columns, side } = shape.plates[number];
    const { sheet, tones } = state[number];
    const edge = side * 0.88;
    this.#onto(matrix);
    context.imageSmoothingEnabled = false;
    for (let place = 0; place < stage.shown; place++) {
      const x = (place % columns) * side + (side - edge) / 2;
      const y = Math.floor(place / columns) * side + (side - edge) / 2;
      context.globalAlpha = lit(number, place) ? 1 : 0.35;
      context.fillStyle = "rgba(0, 0, 0, 0.16)";
      context.fillRect(x + edge * 0.05, y + edge * 0.07, edge, edge);
      const { columns: wide, rows } = stage;
      context.drawImage(sheet.canvas, place * wide, 0, wide, rows, x, y, edge, edge);
      const tone = tones[place];
      if (Math.abs(tone) > 0.06) {
        context.lineWidth = 1 + Math.abs(tone) * Math.min(edge * 0.09, 4);
        context.strokeStyle = css(
          tone > 0 ? colours.pro : colours.con,
          0.35 + Math.abs(tone) * 0.65,
        );
        context.strokeRect(x, y, edge, edge);
      }
      if (focus?.stage === number && focus.place === place) {
        context.lineWidth = 2.5;
        context.strokeStyle = css(colours.ink, 1);
        context.strokeRect(x - 1, y - 1, edge + 2, edge + 2);
      }
    }
    context.globalAlpha = 1;
    this.#flat();
  }

  #units({ shape, state, lit, colours, focus }, number) {
    const { context } = this;
    const one = shape.plates[number];
    const { values, tones } = state[number];
    const least = Math.max(one.side * 0.14, 0.8);
    for (let unit = 0; unit < values.length; unit++) {
      const { x, y } = middle(one, unit);
      const tone = tones[unit];
      const isLoud = Math.abs(tone) > 0.05;
      const colour = isLoud ? (tone > 0 ? colours.pro : colours.con) : colours.pale;
      const radius = least + one.side * (isLoud ? 0.2 + 0.3 * Math.abs(tone) : 0.26 * values[unit]);
      context.globalAlpha = lit(number, unit) ? 1 : 0.3;
      if (isLoud) {
        context.fillStyle = css(colour, 0.16 + 0.14 * Math.abs(tone));
        context.beginPath();
        context.arc(x, y, radius * 1.9, 0, 2 * Math.PI);
        context.fill();
      }
      context.fillStyle = css(colour, isLoud ? 1 : 0.4 + 0.5 * values[unit]);
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
    if (focus?.stage === number) this.#ring(middle(one, focus.member), one.side * 0.75, colours);
  }

  /** Around what is pointed at. */
  #ring({ x, y }, radius, { ink }) {
    const { context } = this;
    context.lineWidth = 2;
    context.strokeStyle = css(ink, 1);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  #digits({ shape, state, stages, lit, colours, answer, focus }, number) {
    const { context } = this;
    const one = shape.plates[number];
    const isDown = shape.flow === "down";
    const { values } = state[number];
    const radius = Math.min(one.side * 0.4, 21);
    const long = isDown ? one.height - 2 * radius - 14 : one.width - 2 * radius - 18;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let digit = 0; digit < stages[number].count; digit++) {
      const { x, y } = digitAt(shape, digit);
      const isAnswer = digit === answer;
      context.globalAlpha = lit(number, digit) ? 1 : 0.45;
      const colour = isAnswer ? colours.pro : colours.pale;
      context.fillStyle = css(colours.pale, 0.16);
      const [left, top] = isDown
        ? [x - radius * 0.7, y + radius + 8]
        : [x + radius + 9, y - radius * 0.55];
      const [wide, tall] = isDown ? [radius * 1.4, long] : [long, radius * 1.1];
      context.beginPath();
      context.roundRect(left, top, wide, tall, 4);
      context.fill();
      context.fillStyle = css(colour, 1);
      context.beginPath();
      const full = values[digit];
      if (isDown) context.roundRect(left, top + tall * (1 - full), wide, tall * full, 4);
      else context.roundRect(left, top, wide * full, tall, 4);
      context.fill();
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = isAnswer ? css(colours.pro, 1) : css(colours.paper, 1);
      context.fill();
      context.lineWidth = 1.5;
      context.strokeStyle = css(colour, 1);
      context.stroke();
      context.fillStyle = css(isAnswer ? colours.paper : colours.ink, 1);
      context.font = `600 ${Math.round(radius * 1.05)}px ${colours.font}`;
      context.fillText(digit, x, y + 1);
    }
    context.globalAlpha = 1;
    if (focus?.stage === number) this.#ring(digitAt(shape, focus.member), radius + 3, colours);
  }

  #links(scene, number) {
    const { context } = this;
    const { shape, links, colours, pulse } = scene;
    const isDown = shape.flow === "down";
    const thick = Math.min(4.5, 1.5 + shape.width / 400);
    for (const { from, to, now, tone } of links[number].all.values()) {
      const start = placeOf(scene, number - 1, from);
      const end = placeOf(scene, number, to);
      if (!start || !end) continue;
      const loud = Math.abs(now);
      const colour = tone === "adds" ? colours.link : now > 0 ? colours.pro : colours.con;
      context.strokeStyle = css(colour, Math.min(0.12 + loud * 0.75, 0.85));
      context.lineWidth = 0.5 + loud * thick;
      const [one, other] = bend(start, end, isDown);
      context.beginPath();
      context.moveTo(start.x, start.y);
      context.bezierCurveTo(one.x, one.y, other.x, other.y, end.x, end.y);
      context.stroke();
      if (pulse !== null && loud > 0.3) {
        const spark = along(
          start,
          one,
          other,
          end,
          (pulse + ((from * 37 + to * 11) % 100) / 100) % 1,
        );
        context.fillStyle = css(colour, 0.95);
        context.beginPath();
        context.arc(spark.x, spark.y, 1.2 + loud * thick * 0.55, 0, 2 * Math.PI);
        context.fill();
      }
    }
  }

  #label({ shape, colours, words }, number) {
    const size = shape.text;
    const { label } = shape.plates[number];
    const { context } = this;
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    context.lineJoin = "round";
    context.lineWidth = 5;
    context.strokeStyle = css(colours.paper, 0.85); // links may pass behind them
    words[number].forEach((text, line) => {
      context.font = line ? `${0.92 * size}px ${colours.font}` : `600 ${size}px ${colours.font}`;
      context.fillStyle = css(colours.ink, line ? 0.78 : 1);
      const place = [label.x, label.y + 1.2 * size * line, label.width - 4];
      context.strokeText(text, ...place);
      context.fillText(text, ...place);
    });
  }

  /** What a place of a map sees of the drawing, with lines to the place. */
  #field({ shape, field, colours }) {
    const { context } = this;
    const { matrix, side } = shape.plates[0];
    const [left, top, right, bottom] = seenBy(field.field, field.row, field.column);
    const corners = [
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
    ];
    const points = corners.map(([u, v]) => project(matrix, u * side, v * side));
    context.strokeStyle = css(colours.link, 0.55);
    context.lineWidth = 1;
    for (const { x, y } of points) {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(field.x, field.y);
      context.stroke();
    }
    context.lineWidth = 2.5;
    context.strokeStyle = "#ffffff";
    context.fillStyle = "rgba(255, 255, 255, 0.14)";
    context.beginPath();
    for (const { x, y } of points) context.lineTo(x, y);
    context.closePath();
    context.fill();
    context.stroke();
    context.beginPath();
    context.arc(field.x, field.y, 3.5, 0, 2 * Math.PI);
    context.fillStyle = "#ffffff";
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = css(colours.ink, 1);
    context.stroke();
  }
}

/** The middle of a digit's circle. */
export function digitAt({ plates, flow }, digit) {
  const { matrix, side } = plates.at(-1);
  const radius = Math.min(side * 0.4, 21);
  return flow === "down"
    ? project(matrix, (digit + 0.5) * side, radius + 2)
    : project(matrix, radius + 2, (digit + 0.5) * side);
}

/** Where a member of a stage is seen; null if it is not. */
function placeOf({ shape, stages, state }, number, member) {
  const { kind } = stages[number];
  if (kind === "digits") return digitAt(shape, member);
  const place = kind === "maps" ? state[number].shown.indexOf(member) : member;
  return place < 0 ? null : middle(shape.plates[number], place);
}

function bend(start, end, isDown) {
  const half = isDown ? (end.y - start.y) * 0.5 : (end.x - start.x) * 0.5;
  return isDown
    ? [
        { x: start.x, y: start.y + half },
        { x: end.x, y: end.y - half },
      ]
    : [
        { x: start.x + half, y: start.y },
        { x: end.x - half, y: end.y },
      ];
}

function along(p0, p1, p2, p3, t) {
  const left = 1 - t;
  const [a, b, c, d] = [left ** 3, 3 * left * left * t, 3 * left * t * t, t ** 3];
  return {
    x: a * p0.x + b * p1.x + c * p2.x + d * p3.x,
    y: a * p0.y + b * p1.y + c * p2.y + d * p3.y,
  };
}
