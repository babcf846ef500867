/** A picture that is tilted by hand: a slider turns what is seen of it, before it is read so. */

export class Tilting {
  /** said: where the slider's degrees stand in words */
  constructor(sheet, picture, slider, said, signal) {
    Object.assign(this, { sheet, picture, slider, said });
    this.from = 0;
    slider.addEventListener("input", () => this.#show(), { signal });
  }

  get degrees() {
    return Number(this.slider.value);
  }

  /** degrees: by how much the picture is tilted as it is seen */
  start(degrees) {
    this.from = degrees;
    this.slider.value = degrees;
    this.sheet.classList.add("is-tilting");
    this.#show();
    this.slider.focus();
  }

  stop() {
    this.sheet.classList.remove("is-tilting");
    this.picture.style.rotate = "";
  }

  #show() {
    this.picture.style.rotate = `${this.degrees - this.from}deg`;
    this.said.textContent = `${this.degrees}°`;
  }
}
