// @ts-check
/** The photograph with the current word's map, the pinned word's beside it, and the scrub bar below. */

import { make, wordy } from "./base.js";

/** @import { Meta } from "./base.js" */
/** @import { Painter, Plate } from "./painter.js" */
/** @import { Selection } from "./selection.js" */

const PLAY = `<svg class="go" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d="M3.5 1.6v10.8L12 7z"
  fill="currentColor"/></svg><svg class="pause" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path
  d="M3 2h3v10H3zM8 2h3v10H8z" fill="currentColor"/></svg>`;

export class Plates {
  /**
   * @param {Selection} selection
   * @param {Painter} painter
   * @param {Meta} meta
   */
  constructor(selection, painter, meta) {
    this.selection = selection;
    this.painter = painter;
    this.name = meta.name;
    this.canvas = make("canvas", { role: "img" });
    this.title = wordy(make("b"), meta);
    this.pinned = pinnedFigure(meta);
    this.whose = make("small", { dir: "auto" }, "current");
    const caption = make("figcaption", {}, this.title, this.whose);
    this.figures = make("div", { class: "plates" }, make("figure", {}, caption, this.canvas));
    this.scrub = scrubBar(selection.words.length);
    if (meta.rtl) this.scrub.bar.dir = "rtl"; // its keys and its ends are those of the words
    this.element = make("div", { class: "photo" }, this.figures, this.scrub.bar);
    /** @type {Plate | null} */
    this.plate = null;
    /** @type {Plate | null} */
    this.pinnedPlate = null;
    this.timer = 0;
    this.listen();
  }

  listen() {
    const { selection, scrub } = this;
    scrub.slider.addEventListener("input", () => selection.take(Number(scrub.slider.value)));
    scrub.play.addEventListener("click", () => selection.set("playing", !selection.model.get("playing")));
    this.pinned.unpin.addEventListener("click", () => selection.set("pinned", -1));
    if (!selection.hides) return;
    this.canvas.classList.add("hides");
    this.canvas.title = "Click a patch to hide it from the decoder";
    this.canvas.addEventListener("click", (event) => this.hideAt(event));
  }

  /** @param {MouseEvent} event */
  hideAt({ offsetX, offsetY }) {
    if (this.plate === null) return;
    const [x, y, width, height] = this.plate.seen;
    const { rows, columns } = this.selection.maps;
    const scale = this.canvas.width / this.canvas.clientWidth;
    const column = Math.floor(((offsetX * scale - x) / width) * columns);
    const row = Math.floor(((offsetY * scale - y) / height) * rows);
    if (column >= 0 && column < columns && row >= 0 && row < rows) this.selection.toggleHidden(row * columns + column);
  }

  draw() {
    this.plate = this.painter.large(this.canvas, this.selection.word, this.plate);
  }

  drawPinned() {
    const word = this.selection.pinned;
    if (word >= 0) this.pinnedPlate = this.painter.large(this.pinned.canvas, word, this.pinnedPlate);
  }

  /**
   * @param {string} sentence what is to be seen, in words
   */
  describe(sentence) {
    const { words, word, layer, head } = this.selection;
    const { slider, count } = this.scrub;
    const { text } = words[word];
    this.title.textContent = text;
    slider.value = String(word);
    slider.setAttribute("aria-valuetext", `${word + 1} of ${words.length}: ${text}`);
    count.textContent = `${word + 1} / ${words.length}`;
    const name = this.name ? `${this.name}. ` : "";
    const view = `Layer ${layer + 1}, ${head < 0 ? "mean of heads." : `head ${head + 1}.`}`;
    const { length } = this.selection.hidden;
    const without = length ? ` ${length} ${length === 1 ? "patch" : "patches"} hidden.` : "";
    this.canvas.setAttribute("aria-label", `${name}${sentence}. ${view}${without}`);
  }

  showPinned() {
    const { figure, title, canvas, unpin } = this.pinned;
    const word = this.selection.pinned;
    this.element.classList.toggle("pair", word >= 0);
    if (word < 0) {
      figure.remove();
      return;
    }
    const { text } = this.selection.words[word];
    this.figures.append(figure);
    title.textContent = text;
    canvas.setAttribute("aria-label", `Pinned: ${text}`);
    unpin.setAttribute("aria-label", `Unpin ${text}`);
  }

  showPlaying() {
    const { selection } = this;
    const playing = Boolean(selection.model.get("playing"));
    this.scrub.play.setAttribute("aria-pressed", String(playing));
    this.close();
    if (!playing) return;
    const next = () => selection.choose((selection.word + 1) % selection.words.length);
    this.timer = setInterval(next, selection.model.get("interval") ?? 800);
  }

  close() {
    clearInterval(this.timer);
  }
}

/** @param {Meta} meta */
function pinnedFigure(meta) {
  const title = wordy(make("b"), meta);
  const canvas = make("canvas", { role: "img" });
  const unpin = make("button", { type: "button", class: "pin" }, "Unpin");
  const caption = make("figcaption", {}, title, make("small", {}, "pinned"), unpin);
  return { figure: make("figure", {}, caption, canvas), title, canvas, unpin };
}

/** @param {number} words */
function scrubBar(words) {
  const slider = make("input", { type: "range", min: 0, max: words - 1, step: 1, "aria-label": "Word" });
  const play = make("button", { type: "button", class: "play", "aria-label": "Play through the caption" });
  play.innerHTML = PLAY; // a constant of this file
  const count = make("span", { class: "count", dir: "ltr", "aria-hidden": "true" });
  return { bar: make("div", { class: "scrub" }, play, slider, count), slider, play, count };
}
