/**
 * The round of a class on its wall: what is asked, for how long, what is guessed, what the class and
 * the network say to it, and who has points. Knows nothing of the drawings that arrive.
 */

const TEN = 10;
const TICK = 1000; // milliseconds
const NAMESPACE = "http://www.w3.org/2000/svg";
const SIDE = 280; // of the canvas that strokes were drawn on, pixels

const element = (parent, tag, className, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  parent.append(made);
  return made;
};

/** Seconds as "1:07". */
export const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, "0")}`;

export class RoundFace {
  /** root: the element of the wall; now: gives milliseconds */
  constructor(root, now = () => performance.now()) {
    this.root = root;
    this.now = now;
    this.part = (name) => root.querySelector(`.wall-${name}`);
    this.timer = setInterval(() => this.#tick(), TICK);
  }

  close() {
    clearInterval(this.timer);
  }

  /** round: {task, count, age, guess, ranks, watch}, see `wall.py`, or null; last: what the one before
   * showed */
  show(round, last) {
    this.root.classList.toggle("has-round", round !== null);
    this.root.classList.toggle("has-guess", Boolean(round?.guess));
    this.part("last").textContent = round === null ? last : "";
    this.begun = round === null ? null : this.now() - round.age * 1000;
    const told = JSON.stringify({ ...round, age: 0 });
    this.#tick();
    if (told === this.told) return;
    this.told = told;
    this.part("task").textContent = round?.task ?? "";
    this.part("count").textContent = round?.count ?? "";
    this.#guess(round?.guess);
    this.#ranks(round?.ranks ?? []);
    this.#epochs(round?.watch);
  }

  #tick() {
    const text = this.begun === null || this.begun === undefined ? "" : this.#age();
    if (this.part("clock").textContent !== text) this.part("clock").textContent = text;
  }

  #age() {
    return clock(Math.max(0, (this.now() - this.begun) / 1000));
  }

  /** guess: {strokes, pen, answer, votes, network}: the last three once they are shown, else null */
  #guess(guess) {
    const [picture, bars] = [this.part("guessed"), this.part("votes")];
    picture.replaceChildren();
    bars.replaceChildren();
    if (!guess) return;
    for (const stroke of guess.strokes) {
      const line = document.createElementNS(NAMESPACE, "polyline");
      line.setAttribute("points", stroke.join(" "));
      line.setAttribute("stroke-width", guess.pen);
      picture.append(line);
    }
    picture.setAttribute("viewBox", `0 0 ${SIDE} ${SIDE}`);
    if (!guess.votes) return;
    const all = Math.max(
      1,
      guess.votes.reduce((sum, votes) => sum + votes, 0),
    );
    const legend = element(bars, "p", "wall-legend");
    element(legend, "span", "", "The class");
    if (guess.network) element(legend, "span", "", "The network");
    for (let digit = 0; digit < TEN; digit++) {
      const row = element(bars, "div", "wall-vote");
      row.classList.toggle("is-answer", digit === guess.answer);
      element(row, "span", "wall-digit", digit);
      const track = element(row, "div", "wall-two");
      const bar = (share) => element(track, "div", "wall-part").style.setProperty("--share", share);
      bar(guess.votes[digit] / all);
      if (guess.network) bar(guess.network[digit]);
      element(row, "span", "wall-share", guess.votes[digit] || "");
    }
  }

  /** watch: {told, epochs, total}: what a network learns from, and how many drawings of all it read
   * rightly after each epoch, [epoch, right], 0 being before the first; or null */
  #epochs(watch) {
    this.root.classList.toggle("has-watch", Boolean(watch));
    this.part("told").textContent = watch?.told ?? "";
    const [bars, epochs] = [this.part("epochs"), watch?.epochs ?? []];
    while (bars.children.length > epochs.length) bars.lastChild.remove();
    epochs.forEach(([epoch, right], place) => {
      const bar = bars.children[place] ?? this.#bar(bars);
      const share = watch.total ? right / watch.total : 0;
      bar.style.setProperty("--share", share);
      bar.children[0].textContent = `${Math.round(share * 100)} %`;
      bar.children[2].textContent = epoch || "before";
    });
  }

  #bar(parent) {
    const bar = element(parent, "li", "wall-epoch");
    for (const name of ["wall-right-share", "wall-column", "wall-number"])
      element(bar, "span", name);
    return bar;
  }

  #ranks(ranks) {
    const list = this.part("ranks");
    list.replaceChildren();
    for (const [name, points] of ranks) element(list, "li", "", `${name} ${points}`);
  }
}
