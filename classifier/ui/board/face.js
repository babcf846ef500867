/**
 * The answer as it is seen: words, ten bars for each digit, and the picture that the network gets,
 * all changed in place. Knows nothing of strokes, or of where an answer comes from.
 */

const DIGITS = 10;
const CAPTION = "28 × 28 pixels: all that the network gets";
const PARTS = "title detail help bars legend values table caption spoken".split(" ");
const LONG = 28; // letters: a sentence, no answer

const make = (tag, className, parent) => {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
};

/** "98.2 %"; never rounded to certainty, and as wide whatever it is, so that nothing shifts. */
const percent = (share) =>
  share >= 0.9995 ? "> 99.9 %" : `${(share * 100).toFixed(1).padStart(6, "\u2007")} %`;

export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

export const hide = (element, isHidden) => {
  if (element.hidden !== isHidden) element.hidden = isHidden;
};

export class Face {
  /** root: the element that holds the board's parts */
  constructor(root) {
    for (const name of PARTS) this[name] = root.querySelector(`.board-${name}`);
    this.helpText = root.querySelector(".board-help-text");
    this.picture = root.querySelector(".board-picture img");
    this.groups = [];
  }

  /**
   * answer: {title, detail, help, caption, rows, names, second, values, picture, alt}: rows has ten
   * probabilities, 0–1, for each digit of a number, most often one; second ten of another model,
   * or null; names what the two are called; values all of it in words; picture an image's address
   */
  show(answer, withTable) {
    setText(this.title, answer.title);
    this.title.classList.toggle("is-long", answer.title.length > LONG);
    setText(this.detail, answer.detail);
    setText(this.helpText, answer.help);
    hide(this.help, !answer.help);
    setText(this.caption, answer.caption || CAPTION);
    setText(this.values, answer.values);
    if (this.picture.getAttribute("src") !== answer.picture) this.picture.src = answer.picture;
    this.picture.alt = answer.alt;
    this.#draw(answer);
    this.#tabulate(withTable ? answer.rows : []);
  }

  /** Let screen readers say what the words are now. */
  speak() {
    setText(this.spoken, `${this.title.textContent} ${this.detail.textContent}`);
  }

  #draw({ rows, second, names }) {
    const groups = Math.max(rows.length, 1);
    if (this.groups.length !== groups) this.#build(groups);
    this.bars.classList.toggle("is-two", Boolean(second));
    this.bars.classList.toggle("is-empty", rows.length === 0);
    hide(this.legend, !second);
    if (second) {
      setText(this.legend.children[0], names[0]);
      setText(this.legend.children[1], names[1]);
    }
    this.groups.forEach((group, place) => {
      const row = rows[place] ?? new Array(DIGITS).fill(0);
      const winner = rows.length ? row.indexOf(Math.max(...row)) : -1;
      group.forEach((bar, digit) => {
        bar.first.style.setProperty("--share", row[digit]);
        bar.second.style.setProperty("--share", second ? second[digit] : 0);
        bar.row.classList.toggle("is-winner", digit === winner);
        setText(bar.value, rows.length && groups < 4 ? percent(row[digit]) : "");
      });
    });
  }

  #build(groups) {
    this.bars.replaceChildren();
    this.bars.style.setProperty("--groups", groups);
    this.groups = [];
    for (let place = 0; place < groups; place++) {
      const group = make("div", "board-group", this.bars);
      this.groups.push(
        Array.from({ length: DIGITS }, (_, digit) => {
          const row = make("div", "board-row", group);
          make("span", "board-digit", row).textContent = digit;
          const track = make("div", "board-track", row);
          const first = make("div", "board-bar", track);
          const second = make("div", "board-bar is-second", track);
          return { row, first, second, value: make("span", "board-value", row) };
        }),
      );
    }
  }

  #tabulate(rows) {
    hide(this.table, rows.length === 0);
    if (!rows.length) return;
    const line = (tag, cells) => {
      const row = document.createElement("tr");
      for (const cell of cells) make(tag, "", row).textContent = cell;
      return row;
    };
    const body = Array.from({ length: DIGITS }, (_, digit) =>
      line("td", [digit, ...rows.map((row) => `${(row[digit] * 100).toFixed(2)} %`)]),
    );
    this.table.replaceChildren(line("th", ["digit", ...rows.map(() => "probability")]), ...body);
  }
}
