/**
 * Messages to the server: what is new of the drawing and what was pressed, sent as soon as it may
 * be, and again as long as it is not answered. While the pen moves, a request of its own asks for
 * the answer, for which the page is not drawn anew; where none is answered, the message goes as it
 * does at rest. Knows nothing of what is seen of an answer.
 */
import { Pace } from "./strokes.js";

const PATIENCE = 4000; // milliseconds until what was not answered is sent again
const MOMENT = 12; // milliseconds that a move waits for the next one
const QUIET = 1500; // milliseconds without an answer before the page says so
const WITHOUT = 10_000; // milliseconds without requests, after one that was not answered
const TOO_MANY = 429; // one at a time is answered

export class Post {
  /**
   * isConnected: whether the server can be reached now; say: tells the visitor a sentence;
   * guard: carries a function out, and sees to what it throws; answered: takes the answer to the
   * drawing as far as it had come; request: asks for one, as `fetch` does
   */
  constructor(drawing, { isConnected, say, guard, answered, request = fetch.bind(null) }) {
    Object.assign(this, { drawing, isConnected, say, guard, answered, request });
    this.pace = new Pace(() => performance.now());
    this.asking = null; // what ends the request that is under way
    this.withoutUntil = 0; // when requests are tried again
    this.link = null; // the newest data of the link, and its way to the server
    this.isNew = false; // the connection, over which the server has said nothing yet
    this.number = 0; // of the last message
    this.pressed = []; // {name, number} each, that the server has not answered yet
    this.presses = 0;
    this.sent = ""; // the content of the last message,
    this.tries = 0; // and how often it was sent
  }

  /** The link has brought what the server has. */
  hear(link) {
    this.link = link;
    const { have } = link.data;
    this.number = Math.max(this.number, have.number);
    this.presses = Math.max(this.presses, have.pressed);
    this.drawing.hear(have);
    this.pace.heard(have.number);
    this.pressed = this.pressed.filter(({ number }) => number > have.pressed);
    if (this.isNew) this.lost();
    this.isNew = false;
  }

  /**
   * The connection is new, and perhaps the server: one that has not drawn the page yet drops every
   * message. It says by the link what it has; if it stays silent, it is asked.
   */
  connected() {
    this.isNew = true;
    this.again();
  }

  press(name) {
    this.pressed.push({ name, number: ++this.presses });
  }

  /** The pen has moved: if it is lifted in this moment, one message tells of both. */
  pumpSoon() {
    this.soon ??= this.#in(MOMENT, () => this.pump());
  }

  /** Send what is new, now or as soon as it may be. */
  pump() {
    clearTimeout(this.timer);
    clearTimeout(this.soon);
    this.soon = undefined;
    if (!this.link || !this.isConnected()) return;
    // What is pressed is about whole strokes: it waits until the pen is lifted.
    const presses = this.drawing.live ? [] : this.pressed;
    const news = this.drawing.news(presses.length > 0);
    if (!news) return;
    // Where the pen rests or a button was pressed, nothing waits behind what is under way.
    const isUrgent = news.resting;
    const content = this.#content(news);
    const isAsked = !isUrgent && this.#mayAsk();
    if (isAsked && content === this.sent) return; // the pen has not moved since
    this.tries = content === this.sent ? this.tries : 0;
    // What was sent three times in vain is not wanted.
    if ((this.pace.awaited && (!isUrgent || content === this.sent)) || this.tries > 2) {
      this.again(PATIENCE);
      return;
    }
    const wait = isUrgent ? 0 : this.pace.wait();
    if (wait > 0) {
      this.timer = this.#in(wait, () => this.pump());
      return;
    }
    this.asking?.abort();
    this.sent = content;
    this.tries += 1;
    this.number += 1;
    this.pace.sent(this.number);
    if (isAsked) this.#ask(this.number);
    else this.link.setTriggerValue("said", { number: this.number, presses, ...news });
    clearTimeout(this.wordTimer);
    this.wordTimer = this.#in(QUIET, () => {
      if (this.pace.awaited) this.say("The answer takes a while …");
    });
    this.again(PATIENCE);
  }

  #mayAsk() {
    return Boolean(this.link.data.moving) && performance.now() >= this.withoutUntil;
  }

  /** Ask what the drawing is so far. */
  async #ask(number) {
    const { extent, whole } = this.drawing;
    this.asking = new AbortController();
    const { signal } = this.asking;
    const body = JSON.stringify({ number, presses: [], ...whole });
    let answer = null;
    let status = 0;
    try {
      const path = `${location.pathname.replace(/\/*$/, "")}/answer/${this.link.data.moving}`;
      const response = await this.request(path, { method: "POST", body, signal });
      status = response.status;
      if (response.ok) answer = await response.json();
    } catch {
      // It was ended, or there is no line: what follows is the same.
    }
    if (signal.aborted) return;
    this.guard(() => {
      if (answer) {
        this.pace.heard(number);
        this.answered(extent, answer);
      } else if (status === TOO_MANY) {
        this.pace.heard(number);
        this.sent = "";
      } else {
        this.withoutUntil = performance.now() + WITHOUT;
        this.lost();
      }
      this.pump();
    });
  }

  /** Send it again in a while, if the server stays silent. */
  again(wait = QUIET) {
    this.timer = this.#in(wait, () => {
      this.lost();
      this.pump();
    });
  }

  /** What was under way will not be answered. */
  lost() {
    this.asking?.abort();
    this.pace.lost();
    this.sent = "";
  }

  close() {
    this.asking?.abort();
    for (const timer of [this.timer, this.soon, this.wordTimer]) clearTimeout(timer);
  }

  #in(wait, action) {
    return setTimeout(() => this.guard(action), wait);
  }

  #content({ drawing, resting }) {
    const { strokes } = this.drawing;
    const points = strokes[strokes.length - 1]?.points.length ?? 0;
    return [drawing, strokes.length, points, resting, this.presses].join();
  }
}
