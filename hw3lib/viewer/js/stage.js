// @ts-check
/** The viewer of one payload: its parts put together, and what redraws them. */

import { bytesOf, isShortcut, make } from "./base.js";
import { Controls } from "./controls.js";
import { HeadGrid } from "./heads.js";
import { Keepsake } from "./keepsake.js";
import { Maps } from "./maps.js";
import { Painter } from "./painter.js";
import { Panel } from "./panel.js";
import { Plates } from "./plates.js";
import { Selection } from "./selection.js";
import { thumbAspect, WordRow } from "./words.js";

/** @import { Meta, Model } from "./base.js" */

export class Stage {
  /**
   * Build the viewer inside a shadow root.
   * @param {Model} model
   * @param {ShadowRoot} root
   */
  constructor(model, root) {
    /** @type {Meta} */
    const meta = model.get("meta");
    this.model = model;
    this.selection = new Selection(model, new Maps(model));
    this.painter = new Painter(this.selection, meta);
    this.plates = new Plates(this.selection, this.painter, meta);
    this.panel = new Panel(this.selection, meta);
    this.row = new WordRow(this.selection, this.painter, meta);
    this.controls = new Controls(this.selection);
    this.keepsake = new Keepsake(this.selection, this.painter, meta);
    this.controls.element.append(this.keepsake.element);
    this.grid = new HeadGrid(this.selection, meta);
    root.append(this.assemble(meta.caption));
    this.frame = 0;
    this.everything = false;
    this.closed = false;
    this.sizes = new ResizeObserver(() => this.draw(true));
    this.sizes.observe(this.plates.canvas);
    this.sizes.observe(this.row.element);
    this.listeners = this.listen();
    this.showView();
    this.showPinned();
    this.plates.showPlaying();
    this.load();
  }

  /** @param {string} caption */
  assemble(caption) {
    const parts = [this.plates, this.panel, this.row, this.controls, this.grid].map((part) => part.element);
    const label = `Attention word by word: ${caption}`;
    const viewer = make("div", { class: "viewer", role: "group", "aria-label": label }, ...parts);
    viewer.style.setProperty("--aspect", String(this.painter.aspect));
    viewer.style.setProperty("--thumb", String(thumbAspect(this.painter.aspect)));
    viewer.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "p" || event.repeat || isShortcut(event)) return;
      event.preventDefault();
      this.selection.togglePin();
    });
    this.plates.pinned.unpin.addEventListener("click", () => this.panel.pin.focus());
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
    listeners.playing = () => this.plates.showPlaying();
    for (const [name, listener] of Object.entries(listeners)) this.model.on(`change:${name}`, listener);
    return listeners;
  }

  describe() {
    const sentence = this.panel.describe();
    this.plates.describe(sentence);
    this.row.mark();
    this.controls.describe();
    this.keepsake.describe();
  }

  showWord() {
    this.describe();
    this.draw(false);
  }

  showHidden() {
    this.describe();
    this.draw(true);
  }

  showPinned() {
    this.plates.showPinned();
    this.describe();
    this.draw(true);
  }

  showView() {
    this.selection.update();
    this.controls.update();
    this.describe();
    this.draw(true);
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
      this.plates.draw();
      if (whole || this.selection.perWord) this.plates.drawPinned(); // two words' common scale may be another
      if (whole) this.row.draw();
      this.grid.draw();
    });
  }

  async load() {
    const photograph = new Blob([bytesOf(this.model.get("image"))], { type: "image/jpeg" });
    this.painter.picture = await createImageBitmap(photograph);
    this.draw(true);
  }

  close() {
    this.closed = true;
    this.sizes.disconnect();
    this.plates.close();
    this.panel.close();
    for (const [name, listener] of Object.entries(this.listeners)) this.model.off(`change:${name}`, listener);
  }
}
