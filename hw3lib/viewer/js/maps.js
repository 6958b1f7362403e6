// @ts-check
/** The attention maps of one payload, and what is measured of one map. Letters: P patches (rows x columns). */

import { bytesOf, clamp } from "./base.js";

/** @import { Meta, Model } from "./base.js" */
/** @typedef {{low: Uint16Array, high: Uint16Array, part: Float32Array}} Axis */

const WHITE = 0.99; // quantile of all the caption's patches that is drawn white; as word_grid.WHITE

/** Any layer and head of a caption's maps, decoded once each and upsampled. */
export class Maps {
  /** @param {Model} model */
  constructor(model) {
    /** @type {Meta} */
    const meta = model.get("meta");
    this.rows = meta.grid[0];
    this.columns = meta.grid[1];
    this.layers = meta.layers;
    this.heads = meta.heads;
    this.patches = this.rows * this.columns;
    this.count = meta.words.filter((word) => word.map !== null).length;
    this.values = bytesOf(model.get("maps")); // (count, layers, heads, P)
    this.peaks = new Float32Array(bytesOf(model.get("peaks")).slice().buffer); // (count, layers, heads)
    const peaks = this.count * this.layers * this.heads;
    if (this.peaks.length !== peaks || this.values.length !== peaks * this.patches)
      throw new Error(
        `viewer: ${this.values.length} map values and ${this.peaks.length} peaks for ${this.count} words x ` +
          `${this.layers} layers x ${this.heads} heads x ${this.patches} patches`,
      );
    /** @type {Map<string, Float32Array<ArrayBuffer>>} */
    this.views = new Map();
    /** @type {Map<string, number>} */
    this.whites = new Map();
  }

  /**
   * All words' maps in one view, (count, P); head -1 is the mean of all heads.
   * @param {number} layer
   * @param {number} head
   */
  view(layer, head) {
    return cached(this.views, `${layer}/${head}`, () => this.decode(layer, head));
  }

  /**
   * What is drawn white on the scale of the whole caption, in one view.
   * @param {number} layer
   * @param {number} head
   */
  white(layer, head) {
    return cached(this.whites, `${layer}/${head}`, () => quantile(this.view(layer, head), WHITE));
  }

  /**
   * @param {number} layer
   * @param {number} head
   */
  decode(layer, head) {
    const { patches, heads, count } = this;
    const field = new Float32Array(count * patches);
    const [from, to] = head < 0 ? [0, heads] : [head, head + 1];
    for (let map = 0; map < count; map++)
      for (let h = from; h < to; h++) {
        const at = (map * this.layers + layer) * heads + h;
        const unit = this.peaks[at] / 255 ** 2 / (to - from);
        for (let p = 0; p < patches; p++) field[map * patches + p] += this.values[at * patches + p] ** 2 * unit;
      }
    return field;
  }

  /**
   * One map as an image, `fine` pixels per patch, bilinear between the centres of patches and flat beyond them.
   * @param {Float32Array} map (P)
   * @param {number} white the value that has the last of the 256 `colours`
   * @param {Uint32Array} colours
   * @param {number} fine
   */
  image(map, white, colours, fine) {
    const [width, height] = [this.columns * fine, this.rows * fine];
    const pixels = new ImageData(width, height);
    const out = new Uint32Array(pixels.data.buffer);
    const [xs, ys] = [axis(this.columns, fine), axis(this.rows, fine)];
    for (let y = 0; y < height; y++) {
      const upper = ys.low[y] * this.columns;
      const lower = ys.high[y] * this.columns;
      const v = ys.part[y];
      for (let x = 0; x < width; x++) {
        const left = xs.low[x];
        const right = xs.high[x];
        const u = xs.part[x];
        const top = map[upper + left] * (1 - u) + map[upper + right] * u;
        const bottom = map[lower + left] * (1 - u) + map[lower + right] * u;
        out[y * width + x] = colours[Math.min(255, Math.round((255 * (top * (1 - v) + bottom * v)) / white))];
      }
    }
    return pixels;
  }
}

/** @type {Map<string, Axis>} */
const AXES = new Map();

/**
 * Between which two cells each fine pixel lies, and how far.
 * @param {number} cells
 * @param {number} fine
 */
function axis(cells, fine) {
  return cached(AXES, `${cells}/${fine}`, () => {
    const at = Float32Array.from({ length: cells * fine }, (_, i) => clamp((i + 0.5) / fine - 0.5, 0, cells - 1));
    const low = Uint16Array.from(at, Math.floor);
    const high = low.map((cell) => Math.min(cell + 1, cells - 1));
    return { low, high, part: at.map((value, i) => value - low[i]) };
  });
}

/**
 * @template Value
 * @param {Map<string, Value>} cache
 * @param {string} key
 * @param {() => Value} compute
 * @returns {Value}
 */
function cached(cache, key, compute) {
  let value = cache.get(key);
  if (value === undefined) {
    value = compute();
    cache.set(key, value);
  }
  return value;
}

/**
 * As numpy's: linear between the two values nearest to the place.
 * @param {Float32Array} values
 * @param {number} share
 */
function quantile(values, share) {
  const sorted = Float32Array.from(values).sort();
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

/** @param {Float32Array | number[]} values */
export function sumOf(values) {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/**
 * Bits; 0 when one patch has it all.
 * @param {Float32Array} map
 */
export function entropy(map) {
  const sum = sumOf(map);
  return map.reduce((bits, value) => (value > 0 ? bits - (value / sum) * Math.log2(value / sum) : bits), 0);
}

/**
 * How much of two words' attention is on the same patches: the sum of the smaller shares, 0 to 1.
 * @param {Float32Array} a
 * @param {Float32Array} b
 */
export function overlap(a, b) {
  const [all, others] = [sumOf(a), sumOf(b)];
  return a.reduce((total, value, patch) => total + Math.min(value / all, b[patch] / others), 0);
}

const REGIONS = [
  ["upper left", "top", "upper right"],
  ["left", "centre", "right"],
  ["lower left", "bottom", "lower right"],
];

/**
 * Where on the photograph a patch lies, in words.
 * @param {number} patch
 * @param {number} rows
 * @param {number} columns
 */
export function regionOf(patch, rows, columns) {
  return REGIONS[third(Math.floor(patch / columns), rows)][third(patch % columns, columns)];
}

/** @param {number} cell @param {number} cells */
const third = (cell, cells) => Math.min(2, Math.floor(((cell + 0.5) / cells) * 3));
