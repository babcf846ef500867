/**
 * Numbers that move to where they shall be, in a few frames, and the links that fade in and out.
 * Knows nothing of time but what it is told.
 */

const STILL = 1 / 512; // a smaller difference is not seen
const SLOW = 19; // milliseconds from frame to frame: a seventh more than where nothing is in the way

/** How much of the way is gone in so many milliseconds. */
export const shareOf = (milliseconds, halfLife = 45) => 1 - 0.5 ** (milliseconds / halfLife);

/**
 * Whether frames come slowly, as where a processor draws them: told by those that follow each other.
 */
export class Pace {
  constructor() {
    this.usual = 0; // milliseconds from one to the next
  }

  /** A frame has come so many milliseconds after the one before it. */
  note(milliseconds) {
    this.usual += (Math.min(milliseconds, 60) - this.usual) / 8;
  }

  get isSlow() {
    return this.usual > SLOW;
  }
}

/** Move numbers towards others by a share of the way; whether all are there. */
export function approach(now, target, share) {
  let isThere = true;
  for (let place = 0; place < target.length; place++) {
    const left = target[place] - now[place];
    if (Math.abs(left) <= STILL) {
      now[place] = target[place];
    } else {
      now[place] += left * share;
      isThere = false;
    }
  }
  return isThere;
}

/** Links of one gap, each with what it is now and what it shall be: from -1 to 1. */
export class Links {
  constructor() {
    this.all = new Map();
  }

  /** links: {from, to, weight, tone} each; those that are not among them fade. */
  aim(links) {
    for (const link of this.all.values()) link.target = 0;
    for (const { from, to, weight, tone } of links) {
      const key = from * 65536 + to;
      const known = this.all.get(key) ?? { from, to, now: 0 };
      Object.assign(known, { target: weight, tone });
      this.all.set(key, known);
    }
  }

  /** Whether all are where they shall be; what has faded is forgotten. */
  approach(share) {
    let isThere = true;
    for (const [key, link] of this.all) {
      const left = link.target - link.now;
      if (Math.abs(left) > STILL) {
        link.now += left * share;
        isThere = false;
      } else {
        link.now = link.target;
        if (!link.target) this.all.delete(key);
      }
    }
    return isThere;
  }
}
