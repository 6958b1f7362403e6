// @ts-check
/** The viewer of one payload: its parts put together, and what redraws them. */

import { isShortcut, make } from "./base.js";
import { besideOf, counterpart, followed } from "./beside.js";
import { Controls } from "./controls.js";
import { HeadGrid } from "./heads.js";
import { Keepsake } from "./keepsake.js";
import { Side } from "./side.js";
import { thumbAspect } from "./words.js";

/** @import { Model } from "./base.js" */

export class Stage {
  /**
   * Build the viewer inside a shadow root, or an element of one.
   * @param {Model} model
   * @param {ShadowRoot | HTMLElement} root
   */
  constructor(model, root) {
    this.model = model;
    this.lead = new Side(model);
    /** @type {Side | null} */
    this.second = null;
    this.follow = () => {};
    const { selection, meta } = this.lead;
    this.controls = new Controls(selection);
    this.keepsake = new Keepsake(
      () => this.sides,
      (word) => this.wordsAt(word),
    );
    this.controls.element.append(this.keepsake.element);
    this.grid = new HeadGrid(selection, meta);
    this.viewer = this.assemble();
    root.append(this.viewer);
    this.frame = 0;
    this.everything = false;
    this.closed = false;
    this.sizes = new ResizeObserver(() => this.draw(true));
    this.sizes.observe(this.lead.plates.canvas);
    this.sizes.observe(this.lead.row.element);
    this.listeners = this.listen();
    this.showBeside();
    this.lead.plates.showPlaying();
    this.load(this.lead);
  }

  get sides() {
    return this.second ? [this.lead, this.second] : [this.lead];
  }

  /**
   * Each side's word that goes with a word of the first.
   * @param {number} word
   */
  wordsAt(word) {
    if (!this.second) return [word];
    const { words } = this.second.selection;
    const other = counterpart(this.lead.selection.words, word, words, this.model.get("follow"));
    return [word, other < 0 ? this.second.selection.word : other];
  }

  assemble() {
    const { plates, panel, row, meta } = this.lead;
    const parts = [plates, panel, row, this.controls, this.grid].map((part) => part.element);
    const label = `Attention word by word: ${meta.caption}`;
    const viewer = make("div", { class: "viewer", role: "group", "aria-label": label }, ...parts);
    shape(viewer, this.lead);
    viewer.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "p" || event.repeat || isShortcut(event)) return;
      event.preventDefault();
      this.lead.selection.togglePin();
    });
    plates.pinned.unpin.addEventListener("click", () => panel.pin.focus());
    return viewer;
  }

  listen() {
    const showView = () => this.showView();
    /** @type {Record<string, () => void>} */
    const listeners = { layer: showView, head: showView, heat: showView, scale: showView };
    Object.assign(listeners, { opacity: showView, outline: showView });
    listeners.word = () => this.showWord();
    listeners.hidden = () => this.showHidden();
    listeners.pinned = () => this.showPinned();
    listeners.playing = () => this.lead.plates.showPlaying();
    listeners.beside = () => this.showBeside();
    listeners.sides = () => this.showBeside();
    listeners.choices = () => this.controls.fillBeside();
    listeners.follow = () => {
      this.controls.update();
      this.showPinned();
      this.showWord();
    };
    for (const [name, listener] of Object.entries(listeners)) this.model.on(`change:${name}`, listener);
    return listeners;
  }

  describe() {
    for (const side of this.sides) side.describe();
    this.controls.describe();
    this.keepsake.describe();
  }

  showWord() {
    this.follow();
    this.describe();
    this.draw(false);
  }

  showHidden() {
    this.describe();
    this.draw(true);
  }

  showPinned() {
    for (const side of this.sides) side.plates.showPinned();
    this.describe();
    this.draw(true);
  }

  showView() {
    for (const side of this.sides) side.selection.update();
    this.controls.update();
    this.describe();
    this.draw(true);
  }

  /** Put the second side that is chosen beside the first, or take it away. */
  showBeside() {
    const [{ lead, viewer }, content] = [this, besideOf(this.model)];
    if (this.second) {
      this.second.close();
      for (const part of [this.second.plates.figures, this.second.panel.element, this.second.row.element])
        part.remove();
    }
    this.second = null;
    this.follow = () => {};
    if (content) {
      const model = followed(this.model, content, () => this.showWord());
      this.follow = model.follow;
      this.second = new Side(model);
      const { plates, panel, row } = this.second;
      shape(plates.figures, this.second);
      shape(row.element, this.second);
      lead.plates.figures.append(plates.figures);
      lead.panel.element.after(panel.element);
      lead.row.element.after(row.element);
      this.load(this.second);
    }
    viewer.classList.toggle("two", content !== null);
    lead.pairWith(this.second);
    this.second?.pairWith(lead);
    this.follow();
    this.showView();
    this.showPinned();
  }

  /**
   * At most once per frame, since a hand asks more often than the screen can show.
   * @param {boolean} all whether not only the word changed
   */
  draw(all) {
    this.everything ||= all;
    this.frame ||= requestAnimationFrame(() => {
      const whole = this.everything;
      this.frame = 0;
      this.everything = false;
      if (this.closed) return;
      for (const side of this.sides) side.draw(whole);
      this.grid.draw();
    });
  }

  /** @param {Side} side */
  async load(side) {
    await side.load();
    this.draw(true);
  }

  close() {
    this.closed = true;
    this.sizes.disconnect();
    for (const side of this.sides) side.close();
    for (const [name, listener] of Object.entries(this.listeners)) this.model.off(`change:${name}`, listener);
  }
}

/**
 * Tell an element how wide a side's photograph is.
 * @param {HTMLElement} element
 * @param {Side} side
 */
function shape(element, { painter }) {
  element.style.setProperty("--aspect", String(painter.aspect));
  element.style.setProperty("--thumb", String(thumbAspect(painter.aspect)));
}
