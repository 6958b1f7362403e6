// @ts-check
/** Draws a word's map over the photograph. */

import { clamp, make } from "./base.js";
import { contextOf, drawOutline, hatch, resize } from "./draw.js";

/** @import { Meta } from "./base.js" */
/** @import { Box } from "./draw.js" */
/** @import { Selection } from "./selection.js" */

/**
 * The photograph at one size: as it is, and with stripes over what was not seen; `seen` is the rest of it.
 * @typedef {{bare: HTMLCanvasElement, striped: HTMLCanvasElement, seen: Box, whole: Box}} Plate
 */

const LARGEST = 1600; // px of width

export class Painter {
  /**
   * @param {Selection} selection
   * @param {Meta} meta
   */
  constructor(selection, meta) {
    this.selection = selection;
    this.seen = meta.seen;
    this.size = meta.original ?? meta.photo;
    this.aspect = meta.photo.width / meta.photo.height;
    /** @type {ImageBitmap | null} */
    this.picture = null;
    this.sheet = make("canvas"); // one map at a time, a few pixels per patch
  }

  /**
   * The photograph in a box of a canvas as large as `canvas`.
   * @param {HTMLCanvasElement} canvas
   * @param {Box} box
   * @returns {Plate}
   */
  plate(canvas, [x, y, width, height]) {
    const [bare, striped] = [make("canvas"), make("canvas")];
    // The seen part is given as fractions; on whole pixels, or else a seam of light is left around it.
    const [left, right] = [this.seen[0], this.seen[2]].map((share) => Math.round(x + share * width));
    const [top, bottom] = [this.seen[1], this.seen[3]].map((share) => Math.round(y + share * height));
    for (const copy of [bare, striped]) {
      resize(copy, canvas.width, canvas.height);
      contextOf(copy).drawImage(/** @type {ImageBitmap} */ (this.picture), x, y, width, height);
    }
    /** @type {Box[]} */
    const unseen = [
      [x, y, left - x, height],
      [right, y, x + width - right, height],
      [left, y, right - left, top - y],
      [left, bottom, right - left, y + height - bottom],
    ];
    hatch(contextOf(striped), unseen, width / 70);
    return { bare, striped, seen: [left, top, right - left, bottom - top], whole: [x, y, width, height] };
  }

  /**
   * Draw a word onto a canvas, over its plate.
   * @param {HTMLCanvasElement} canvas
   * @param {number} word
   * @param {Plate} plate
   * @param {number} fine pixels of heat per patch
   * @param {(word: number) => number} white
   */
  paint(canvas, word, { bare, striped, seen, whole }, fine, white) {
    const context = contextOf(canvas);
    const map = this.selection.mapOf(word);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(map === null ? bare : striped, 0, 0);
    if (map === null) return;
    const pixels = this.selection.maps.image(map, white(word), this.selection.colours, fine);
    resize(this.sheet, pixels.width, pixels.height);
    contextOf(this.sheet).putImageData(pixels, 0, 0);
    context.save();
    context.beginPath();
    context.rect(...whole); // the map of borders that were added to the photograph lies beyond it
    context.clip();
    context.globalAlpha = this.selection.model.get("opacity");
    context.drawImage(this.sheet, ...seen);
    context.restore();
  }

  /**
   * Stripes over the patches that are hidden.
   * @param {CanvasRenderingContext2D} context
   * @param {Plate} plate
   */
  cover(context, { seen: [x, y, width, height], whole }) {
    const { rows, columns } = this.selection.maps;
    const [wide, high] = [width / columns, height / rows];
    /** @type {Box[]} */
    const boxes = this.selection.hidden.map((patch) => {
      return [x + (patch % columns) * wide, y + Math.floor(patch / columns) * high, wide, high];
    });
    hatch(context, boxes, whole[2] / 70);
  }

  /**
   * A word at full size with its object's outline; returns the plate, to be used again while the size stays.
   * @param {HTMLCanvasElement} canvas
   * @param {number} word
   * @param {Plate | null} former
   */
  large(canvas, word, former) {
    if (this.picture === null || canvas.clientWidth === 0) return former;
    const width = Math.round(Math.min(canvas.clientWidth * devicePixelRatio, LARGEST));
    const height = Math.round(width / this.aspect);
    const resized = resize(canvas, width, height);
    const plate = former === null || resized ? this.plate(canvas, [0, 0, width, height]) : former;
    this.outlined(canvas, word, plate);
    return plate;
  }

  /**
   * A word on a canvas so many pixels wide; the photograph must be there.
   * @param {number} word
   * @param {number} width
   */
  whole(word, width) {
    const height = Math.round((width * this.size.height) / this.size.width);
    const canvas = make("canvas", { width, height });
    this.outlined(canvas, word, this.plate(canvas, [0, 0, width, height]));
    return canvas;
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number} word
   * @param {Plate} plate
   */
  outlined(canvas, word, plate) {
    const { selection } = this;
    const fine = clamp(Math.round(168 / selection.maps.columns), 4, 24);
    this.paint(canvas, word, plate, fine, (index) => selection.white(index));
    this.cover(contextOf(canvas), plate);
    const { outline } = selection.words[word];
    if (outline && selection.outlined) drawOutline(contextOf(canvas), outline);
  }
}
