/**
 * The slider over the epochs after which the network was kept, and its button. Knows nothing of what
 * they show.
 */

const WAIT = 80; // milliseconds that it rests at an epoch before that is asked for
const EACH = 650; // milliseconds when they are played

export class Epochs {
  /** ask: fetches the network after that epoch; null: as it answers */
  constructor(root, ask, signal) {
    this.box = root.querySelector(".living-epochs");
    this.slider = this.box.querySelector("input");
    this.ask = ask;
    this.epochs = [];
    this.slider.addEventListener("input", () => this.#choose(), { signal });
    const play = this.box.querySelector("button");
    play.addEventListener("click", () => this.#play(0), { signal });
    signal.addEventListener("abort", () => [this.waiting, this.playing].forEach(clearTimeout));
  }

  /** What there is, and what is shown now. */
  show(epochs, epoch) {
    this.epochs = epochs;
    this.box.hidden = epochs.length === 0;
    this.slider.max = epochs.length;
    if (this.waiting) return; // the hand is ahead of the server
    this.slider.value = epoch === null ? epochs.length : epochs.indexOf(epoch);
    this.#tell();
  }

  #tell() {
    const epoch = this.epochs[this.slider.value];
    const kept = epoch ? `after epoch ${epoch}` : "before training";
    const words = epoch === undefined ? "as it answers now" : kept;
    this.box.querySelector("output").textContent = words;
    this.slider.setAttribute("aria-valuetext", words);
  }

  #choose() {
    this.#tell();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.waiting = 0;
      this.ask(this.epochs[this.slider.value] ?? null);
    }, WAIT);
  }

  #play(place) {
    clearTimeout(this.playing);
    this.slider.value = place;
    this.#choose();
    if (place < this.epochs.length) this.playing = setTimeout(() => this.#play(place + 1), EACH);
  }
}
