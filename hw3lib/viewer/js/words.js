// @ts-check
/** The caption as a row of words, each with a small map and its probability. */

import { clamp, isShortcut, make, makeBar } from "./base.js";
import { resize } from "./draw.js";

/** @import { Meta, Word } from "./base.js" */
/** @import { Painter, Plate } from "./painter.js" */
/** @import { Selection } from "./selection.js" */

export class WordRow {
  /**
   * @param {Selection} selection
   * @param {Painter} painter
   * @param {Meta} meta
   */
  constructor(selection, painter, meta) {
    this.selection = selection;
    this.painter = painter;
    this.onward = meta.rtl ? -1 : 1; // where the next word lies: one to the right, or to the left
    this.element = make("div", { class: "words", role: "radiogroup", "aria-label": "Words of the caption" });
    if (meta.rtl) this.element.dir = "rtl";
    const cells = selection.words.map((word) => makeWord(word, meta));
    this.buttons = cells.map(({ button }) => button);
    this.thumbs = cells.map(({ thumb }) => thumb);
    this.element.append(...this.buttons);
    /** @type {Plate | null} */
    this.plate = null;
    this.listen();
  }

  listen() {
    const { selection, buttons } = this;
    buttons.forEach((button, word) => {
      button.addEventListener("click", () => selection.take(word));
      button.addEventListener("focus", () => button.matches(":focus-visible") && selection.take(word));
    });
    // A mouse reads the words as it passes, and so does a finger; up and down it still scrolls the page. Not
    // pointerenter, which also comes when the page scrolls and words pass under a resting mouse.
    this.element.addEventListener("pointermove", (event) => {
      const root = /** @type {ShadowRoot} */ (this.element.getRootNode());
      const button = root.elementFromPoint(event.clientX, event.clientY)?.closest("button");
      const word = button ? buttons.indexOf(button) : -1;
      if (word >= 0) selection.take(word);
    });
    this.element.addEventListener("keydown", (event) => this.step(event));
  }

  /** @param {KeyboardEvent} event */
  step(event) {
    const { word, words } = this.selection;
    /** @type {Record<string, number>} */
    const goals = { ArrowDown: word + 1, ArrowUp: word - 1 };
    Object.assign(goals, { ArrowRight: word + this.onward, ArrowLeft: word - this.onward });
    const goal = { ...goals, Home: 0, End: words.length - 1 }[event.key];
    if (goal === undefined || isShortcut(event)) return;
    event.preventDefault();
    this.selection.take((goal + words.length) % words.length);
    this.buttons[this.selection.word].focus();
  }

  /** Mark the current and the pinned word. */
  mark() {
    const { word, pinned } = this.selection;
    this.buttons.forEach((button, index) => {
      button.toggleAttribute("data-pinned", index === pinned);
      if (button.getAttribute("aria-checked") === `${index === word}`) return;
      button.setAttribute("aria-checked", String(index === word));
      button.tabIndex = index === word ? 0 : -1;
    });
  }

  draw() {
    const { painter, selection, thumbs } = this;
    const shown = thumbs[0].clientWidth;
    if (painter.picture === null || shown === 0) return;
    const { aspect } = painter;
    const box = thumbAspect(aspect);
    const width = Math.round(shown * Math.min(devicePixelRatio, 2));
    const height = Math.round(width / box);
    for (const thumb of thumbs) resize(thumb, width, height);
    if (this.plate?.bare.width !== width || this.plate.bare.height !== height) {
      // A very wide or tall photograph is shown whole, with room above and below it or beside it.
      const [w, h] = aspect > box ? [width, width / aspect] : [height * aspect, height];
      this.plate = painter.plate(thumbs[0], [(width - w) / 2, (height - h) / 2, w, h]);
    }
    const fine = clamp(Math.round(64 / selection.maps.columns), 2, 10);
    const white = (/** @type {number} */ word) => selection.whites[/** @type {number} */ (selection.words[word].map)];
    for (const [word, thumb] of thumbs.entries()) painter.paint(thumb, word, this.plate, fine, white);
  }
}

/**
 * Width by height of a word's small map.
 * @param {number} aspect the photograph's
 */
export const thumbAspect = (aspect) => clamp(aspect, 0.6, 2);

/**
 * @param {Word} word
 * @param {Meta} meta
 */
function makeWord({ text, probability, map }, meta) {
  const label = probability === null ? text : `${text}, probability ${probability.toFixed(2)}`;
  const { bar, fill } = makeBar();
  fill.style.width = `${100 * (probability ?? 0)}%`;
  const thumb = make("canvas", { "aria-hidden": "true" });
  const given = map === null || /^\[[A-Z]+\]$/.test(text);
  const name = make("span", { class: given ? "given" : "" }, text);
  if (!given && meta.lang) name.lang = meta.lang;
  const attributes = { type: "button", role: "radio", "aria-label": label, title: label };
  return { button: make("button", attributes, thumb, name, bar), thumb };
}
