/**
 * Numbers as small pictures, and the colours that they have. Knows nothing of where they stand.
 */

export const SLATE = [24, 50, 44];
const CHALK = [253, 252, 245];
const RAMP = [SLATE, [58, 128, 108], [255, 205, 120], [255, 250, 236]]; // of a map, dark to bright
const SHADES = Array.from({ length: 256 }, (_, grey) => ramp(grey / 255));

function ramp(share) {
  const step = Math.min(share * (RAMP.length - 1), RAMP.length - 1.001);
  return mix(RAMP[Math.floor(step)], RAMP[Math.floor(step) + 1], step % 1);
}

export function mix(one, other, share) {
  return one.map((value, place) => value + (other[place] - value) * share);
}

export const css = ([red, green, blue], alpha = 1) =>
  `rgba(${Math.round(red)}, ${Math.round(green)}, ${Math.round(blue)}, ${alpha.toFixed(3)})`;

/** "rgb(1, 2, 3)" or "color(srgb 0.1 0.2 0.3)" as three numbers up to 255. */
export function channels(colour) {
  const found = colour
    .match(/-?[\d.]+/g)
    .slice(0, 3)
    .map(Number);
  return colour.startsWith("color") ? found.map((value) => value * 255) : found;
}

/** One stage's pictures, side by side, as a canvas; made anew where its numbers have changed. */
export class Sheet {
  constructor(width, height) {
    this.canvas = Object.assign(document.createElement("canvas"), { width, height });
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(width, height);
    this.image.data.fill(255);
  }

  /** Give each pixel a colour. */
  fill(colourOf) {
    const { data, width, height } = this.image;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = 4 * (y * width + x);
        const colour = colourOf(x, y);
        for (let channel = 0; channel < 3; channel++) data[at + channel] = colour[channel];
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }
}

/** The drawing: chalk on slate, coloured where a pixel speaks for or against. */
export function paintDrawing(sheet, values, tones, { pro, con }) {
  sheet.fill((x, y) => {
    const place = y * 28 + x;
    const tone = Math.max(-1, Math.min(1, tones[place] * 1.6));
    return mix(SLATE, mix(CHALK, tone > 0 ? pro : con, Math.abs(tone)), values[place]);
  });
}

/** Maps, one beside the other. */
export function paintMaps(sheet, values, rows, columns) {
  sheet.fill((x, y) => {
    const value = values[Math.floor(x / columns) * rows * columns + y * columns + (x % columns)];
    return SHADES[Math.round(Math.sqrt(Math.max(value, 0)) * 255)];
  });
}

/** Weights or any other numbers from -1 to 1, blue to orange on slate. */
export function paintSigned(sheet, values, { pro, con }) {
  sheet.fill((x, y) => {
    const value = values[y * sheet.canvas.width + x];
    return mix([16, 28, 26], value > 0 ? pro : con, Math.abs(value));
  });
}
