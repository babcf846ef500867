/**
 * Messages to the server, one at a time: of two that are sent at once it would hear the last alone.
 * Each has a number, and the server says which it has done.
 */

// Milliseconds until one is sent again, and each time twice as long: each has the page drawn anew.
const PATIENCE = 5000;

export class Queue {
  constructor(send) {
    this.send = send;
    this.messages = [];
    this.begin(0, 0);
  }

  /** About another picture, of which the server has done so many, or, if it is the same, turned or
   * cropped: then what waits about all of it goes on, and what is about its digits is dropped. */
  begin(of, done, isSame = false) {
    const goesOn = ({ number, digit, box }) => number > done && digit === undefined && !box;
    this.of = of;
    this.messages = isSame ? this.messages.filter(goesOn).map((one) => ({ ...one, of })) : [];
    this.number = isSame ? Math.max(this.number, done) : done;
    this.#next();
  }

  ask(message) {
    this.number += 1;
    this.messages.push({ ...message, of: this.of, number: this.number });
    if (this.messages.length === 1) this.#next();
  }

  /** The server has done all up to this number. */
  hear(done) {
    const before = this.messages.length;
    this.messages = this.messages.filter(({ number }) => number > done);
    if (this.messages.length < before) this.#next();
  }

  /** Those that ask for this and are not known to be done. */
  waiting(what) {
    return this.messages.filter((message) => message.what === what);
  }

  end() {
    clearTimeout(this.timer);
  }

  #next(patience = PATIENCE) {
    clearTimeout(this.timer);
    if (!this.messages.length) return;
    this.send(this.messages[0]);
    this.timer = setTimeout(() => this.#next(2 * patience), patience);
  }
}
