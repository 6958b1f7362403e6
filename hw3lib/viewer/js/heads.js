// @ts-check
/** Every layer (rows) and head (columns, the mean first) for the current word: made when opened, drawn while open. */

import { clamp, isShortcut, make } from "./base.js";
import { contextOf } from "./draw.js";

/** @import { Meta } from "./base.js" */
/** @import { Selection } from "./selection.js" */
/** @typedef {{layer: number, head: number, button: HTMLButtonElement, context: CanvasRenderingContext2D}} Cell */

export class HeadGrid {
  /**
   * @param {Selection} selection
   * @param {Meta} meta
   */
  constructor(selection, meta) {
    const { layers, heads, rows, columns } = selection.maps;
    this.selection = selection;
    this.aspect = seenAspect(meta);
    this.pixels = new ImageData(columns, rows);
    /** @type {Cell[]} */
    this.cells = [];
    const summary = make("summary", {}, `All ${layers} layers and ${heads} heads at once`);
    this.element = make("details", { class: "heads" }, summary);
    this.element.addEventListener("toggle", () => {
      if (this.element.open && !this.cells.length) this.build();
      this.draw();
    });
  }

  build() {
    const { layers, heads } = this.selection.maps;
    const matrix = make("div", { class: "matrix", role: "radiogroup", "aria-label": "Layer and head" });
    matrix.style.setProperty("--heads", String(heads));
    matrix.style.setProperty("--cell", `${clamp(Math.floor(560 / (heads + 1)), 24, 52)}px`);
    matrix.style.setProperty("--part", String(this.aspect));
    const numbers = Array.from({ length: heads }, (_, head) => label(`${head + 1}`));
    matrix.append(label(""), label("mean"), label(""), ...numbers);
    for (let layer = 0; layer < layers; layer++) {
      const row = Array.from({ length: heads + 1 }, (_, place) => this.makeCell(layer, place - 1));
      const [mean, ...others] = row.map(({ button }) => button);
      matrix.append(label(`${layer + 1}`, "layer"), mean, label(""), ...others);
      this.cells.push(...row);
    }
    matrix.addEventListener("keydown", (event) => this.step(event));
    this.element.append(matrix);
  }

  /**
   * @param {number} layer
   * @param {number} head
   * @returns {Cell}
   */
  makeCell(layer, head) {
    const { rows, columns } = this.selection.maps;
    const name = `layer ${layer + 1}, ${head < 0 ? "mean of heads" : `head ${head + 1}`}`;
    const canvas = make("canvas", { width: columns, height: rows, "aria-hidden": "true" });
    const button = make("button", { type: "button", role: "radio", "aria-label": name, title: name }, canvas);
    button.addEventListener("click", () => this.choose(layer, head));
    return { layer, head, button, context: contextOf(canvas, { willReadFrequently: true }) };
  }

  /**
   * @param {number} layer
   * @param {number} head
   */
  choose(layer, head) {
    this.selection.set("layer", layer);
    this.selection.set("head", head);
  }

  /** @param {KeyboardEvent} event */
  step(event) {
    const { layers, heads } = this.selection.maps;
    const cell = this.cells.find(({ button }) => button === event.target);
    /** @type {Record<string, [number, number]>} */
    const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    const step = { ...steps, Home: [0, -heads - 1], End: [0, heads + 1] }[event.key];
    if (cell === undefined || step === undefined || isShortcut(event)) return;
    event.preventDefault();
    const layer = clamp(cell.layer + step[0], 0, layers - 1);
    const head = clamp(cell.head + step[1], -1, heads - 1);
    this.choose(layer, head);
    this.cells[layer * (heads + 1) + head + 1].button.focus();
  }

  draw() {
    if (!this.element.open) return;
    const { selection } = this;
    const { map } = selection.words[selection.word];
    for (const cell of this.cells) {
      mark(cell.button, cell.layer === selection.layer && cell.head === selection.head);
      if (map === null) cell.context.clearRect(0, 0, this.pixels.width, this.pixels.height);
      else this.drawCell(cell, map);
    }
  }

  /**
   * @param {Cell} cell
   * @param {number} map
   */
  drawCell({ layer, head, context }, map) {
    const { colours } = this.selection;
    const white = this.selection.whiteIn(layer, head, map);
    const values = this.selection.mapIn(layer, head, map);
    const out = new Uint32Array(this.pixels.data.buffer);
    for (let p = 0; p < out.length; p++) out[p] = colours[Math.min(255, Math.round((255 * values[p]) / white))];
    context.putImageData(this.pixels, 0, 0);
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {boolean} chosen
 */
function mark(button, chosen) {
  if (button.getAttribute("aria-checked") === String(chosen)) return;
  button.tabIndex = chosen ? 0 : -1;
  button.setAttribute("aria-checked", String(chosen));
}

/** @param {string} text @param {string} [kind] */
const label = (text, kind = "") => make("span", { class: kind, "aria-hidden": "true" }, text);

/**
 * Width by height of what the model saw.
 * @param {Meta} meta
 */
function seenAspect({ seen: [left, top, right, bottom], photo }) {
  return ((right - left) * photo.width) / ((bottom - top) * photo.height);
}
