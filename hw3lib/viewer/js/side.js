// @ts-check
/** One photograph and its caption as one run read them: maps, words, facts. A viewer shows one side or two. */

import { bytesOf } from "./base.js";
import { Maps } from "./maps.js";
import { Painter } from "./painter.js";
import { Panel } from "./panel.js";
import { Plates } from "./plates.js";
import { Selection } from "./selection.js";
import { WordRow } from "./words.js";

/** @import { Meta, Model } from "./base.js" */

export class Side {
  /** @param {Model} model */
  constructor(model) {
    /** @type {Meta} */
    this.meta = model.get("meta");
    this.model = model;
    this.selection = new Selection(model, new Maps(model));
    this.painter = new Painter(this.selection, this.meta);
    this.plates = new Plates(this.selection, this.painter, this.meta);
    this.panel = new Panel(this.selection, this.meta);
    this.row = new WordRow(this.selection, this.painter, this.meta);
  }

  /**
   * Stand beside another side, or alone: what is compared has one scale, and each says whose it is.
   * @param {Side | null} other
   */
  pairWith(other) {
    this.selection.partner = other?.selection ?? null;
    this.selection.update();
    const name = other ? nameOf(this.meta) : "";
    this.plates.name = this.panel.who.textContent = name || this.meta.name;
    this.plates.whose.textContent = other ? difference(this.meta, other.meta) : "current";
    this.row.element.dataset.of = name;
    this.row.element.setAttribute("aria-label", `Words of the caption${name && `, ${name}`}`);
  }

  describe() {
    this.plates.describe(this.panel.describe());
    this.row.mark();
  }

  /** @param {boolean} whole whether not only the word changed */
  draw(whole) {
    this.plates.draw();
    if (whole || this.selection.perWord) this.plates.drawPinned(); // two words' common scale may be another
    if (whole) this.row.draw();
  }

  async load() {
    const photograph = new Blob([bytesOf(this.model.get("image"))], { type: "image/jpeg" });
    this.painter.picture = await createImageBitmap(photograph);
  }

  close() {
    this.plates.close();
    this.panel.close();
  }
}

/**
 * The photograph's name and the run's.
 * @param {Meta} meta
 */
const nameOf = ({ name, run }) => [name, run && `run ${run}`].filter(Boolean).join(" · ");

/**
 * What tells a side from the other one.
 * @param {Meta} meta
 * @param {Meta} other
 */
const difference = (meta, other) => (meta.run && meta.run !== other.run ? meta.run : meta.name);
