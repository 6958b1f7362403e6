// @ts-check
/** A gallery's cards in a box that scrolls: only the rows that are in sight are in the document. */

import { clamp, isShortcut, make } from "./base.js";

/** @import { Content, View } from "./search.js" */
/** @import { Supply } from "./supply.js" */

const NARROWEST = 380; // px of a card, where there is room for two
const SPARE = 1; // rows beyond each end of what is in sight

export class CardList {
  /**
   * @param {Content} content
   * @param {Supply} supply
   * @param {(place: number) => void} open
   */
  constructor(content, supply, open) {
    this.content = content;
    this.supply = supply;
    this.open = open;
    this.sheet = make("div", { class: "sheet", role: "list", "aria-label": "Images" });
    this.element = make("div", { class: "cards" }, this.sheet);
    /** @type {number[]} the images that are listed, in their order */
    this.places = [];
    /** @type {number[]} */
    this.runs = [];
    /** @type {Map<number, HTMLElement>} by position in `places` */
    this.shown = new Map();
    this.current = 0; // the position that the keyboard is at
    this.width = 0;
    this.columns = 1;
    this.height = 1; // px from one row to the next
    this.frame = 0;
    this.element.addEventListener("scroll", () => this.soon(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.step(event));
    this.sizes = new ResizeObserver(() => this.layout());
    this.sizes.observe(this.element);
  }

  /**
   * List these images.
   * @param {number[]} places
   * @param {number[]} runs whose captions the cards show
   */
  list(places, runs) {
    this.places = places;
    this.runs = runs;
    this.current = 0;
    this.element.scrollTop = 0;
    this.width = 0;
    this.layout();
  }

  /** Take the width that there is; all cards are of one height, which the first tells. */
  layout() {
    const width = this.element.clientWidth;
    if (!width || width === this.width) return; // out of sight, or the same again
    this.width = width;
    const focused = this.sheet.contains(/** @type {ShadowRoot} */ (this.sheet.getRootNode()).activeElement);
    this.clear();
    this.sheet.style.height = "0";
    if (!this.places.length) return;
    this.columns = Math.max(1, Math.floor(width / NARROWEST));
    this.sheet.style.setProperty("--columns", String(this.columns));
    this.height = Math.ceil(this.place(0).getBoundingClientRect().height) + 10;
    this.sheet.style.height = `${Math.ceil(this.places.length / this.columns) * this.height}px`;
    this.clear();
    this.draw();
    if (focused) this.focus(this.current);
  }

  clear() {
    for (const card of this.shown.values()) card.remove();
    this.shown.clear();
  }

  soon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** Make the document hold the rows in sight, and the card that the keyboard is at. */
  draw() {
    const { scrollTop, clientHeight } = this.element;
    const from = (Math.floor(scrollTop / this.height) - SPARE) * this.columns;
    const to = (Math.ceil((scrollTop + clientHeight) / this.height) + SPARE) * this.columns;
    const [start, end] = [Math.max(0, from), Math.min(this.places.length, to)];
    for (const [position, card] of this.shown)
      if ((position < start || position >= end) && position !== this.current) {
        card.remove();
        this.shown.delete(position);
      }
    for (let position = start; position < end; position++) if (!this.shown.has(position)) this.place(position);
  }

  /** @param {number} position */
  place(position) {
    const card = this.make(position);
    const [row, column] = [Math.floor(position / this.columns), position % this.columns];
    card.style.transform = `translate(${column * 100}%, ${row * this.height}px)`;
    // In the order of the list, whatever was there before: a screen reader reads the document's order.
    const after = [...this.shown.keys()].filter((other) => other > position);
    this.sheet.insertBefore(card, after.length ? (this.shown.get(Math.min(...after)) ?? null) : null);
    this.shown.set(position, card);
    return card;
  }

  /** @param {number} position */
  make(position) {
    const { content, runs } = this;
    const place = this.places[position];
    const name = content.names[place];
    const picture = make("img", { alt: "" });
    this.supply.thumbnail(place, picture);
    const button = make("button", { type: "button", class: "open", "aria-label": `Open ${name}` }, picture);
    button.tabIndex = position === this.current ? 0 : -1;
    button.addEventListener("click", () => {
      this.current = position;
      this.open(place);
    });
    const said = runs.map((run) => captionOf(content, run, place));
    const list = make(
      "div",
      { class: "captions" },
      make("b", { class: "image", dir: "auto", title: name }, name),
      ...said,
    );
    const size = { role: "listitem", "aria-posinset": position + 1, "aria-setsize": this.places.length };
    return make("div", { class: "slot", ...size }, make("div", { class: "card" }, button, list));
  }

  /** @param {KeyboardEvent} event */
  step(event) {
    const page = this.columns * Math.max(1, Math.floor(this.element.clientHeight / this.height));
    const onward = this.content.rtl ? -1 : 1;
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: this.columns, ArrowUp: -this.columns, PageDown: page, PageUp: -page };
    Object.assign(steps, { ArrowRight: onward, ArrowLeft: -onward, Home: -this.current, End: this.places.length });
    const step = steps[event.key];
    if (step === undefined || isShortcut(event)) return;
    event.preventDefault();
    this.focus(this.current + step);
  }

  /**
   * Go to a card with the keyboard.
   * @param {number} position
   */
  focus(position) {
    const former = this.shown.get(this.current)?.querySelector("button");
    if (former) former.tabIndex = -1;
    this.current = clamp(position, 0, this.places.length - 1);
    const top = Math.floor(this.current / this.columns) * this.height;
    const { scrollTop, clientHeight } = this.element;
    this.element.scrollTop = clamp(scrollTop, Math.min(top, top + this.height - clientHeight), top);
    this.draw();
    const button = (this.shown.get(this.current) ?? this.place(this.current)).querySelector("button");
    if (!button) return;
    button.tabIndex = 0;
    button.focus({ preventScroll: true });
  }

  close() {
    this.sizes.disconnect();
    cancelAnimationFrame(this.frame);
  }
}

/**
 * One run's caption of an image: whose it is, its scores, its words; those that a reference has too are marked.
 * @param {Content} content
 * @param {number} run
 * @param {number} place
 */
export function captionOf(content, run, place) {
  const { name, title } = content.runs[run];
  const scores = content.metrics.map((metric, index) => [metric, content.scores[run][place][index]]);
  const known = scores.filter(([, value]) => value !== null);
  const all = known.map(([metric, value]) => `${metric} ${value}`).join(", ");
  const brief = known.filter(([metric]) => metric === "CIDEr" || metric === "CLIPScore");
  const line = brief.map(([metric, value]) => `${metric} ${Number(value).toFixed(2)}`).join(" · ");
  const words = content.pieces[run][place].map((piece, index) => (index % 2 ? make("mark", {}, piece) : piece));
  const text = make("p", { dir: "auto", title: content.pieces[run][place].join("") }, ...words);
  if (content.lang) text.lang = content.lang;
  const head = make("div", { class: "whose", title: `${title}\n${all}` }, make("b", {}, name));
  const absent = content.absent[run][place].map((object) => content.objects[object]);
  head.append(make("span", { class: "scores" }, line));
  const named = `absent: ${absent.join(", ")}`;
  if (absent.length) head.append(make("em", { title: named }, named));
  return make("div", { class: "saying" }, head, text);
}
