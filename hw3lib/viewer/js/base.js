// @ts-check
/** What every part of the viewer uses: the payload's types, elements, small numbers. */

/**
 * A word of the caption. `map` is the place of its maps in the payload, null for [BOS]; `outline` are rings
 * x0, y0, x1, y1, ... in fractions of the photograph; `inside` is the share of attention inside it by layer and head,
 * `even` that of uniform attention.
 * @typedef {{text: string, probability: number | null, map: number | null, outline?: number[][],
 *   inside?: number[][] | null, even?: number}} Word
 */

/**
 * `run` read the caption; `rtl` says that the words run from right to left, `lang` is their language (BCP 47).
 * `grid` is (rows, columns) of patches; `photo` the size of the JPEG, `original` of the photograph itself; `seen` the part of the photograph that the model saw: left, top, right, bottom
 * as fractions.
 * @typedef {{name: string, run?: string, caption: string, words: Word[], grid: [number, number], layers: number, heads: number,
 *   photo: {width: number, height: number}, original?: {width: number, height: number}, seen: [number, number, number, number],
 *   rtl?: boolean, lang?: string}} Meta
 */

/**
 * The model that a viewer shows: anywidget's in a notebook, `staticModel` in a page.
 * @typedef {{get: (name: string) => any, set: (name: string, value: unknown) => void, save_changes: () => void,
 *   on: (event: string, listener: (...values: any[]) => void) => void,
 *   off: (event: string, listener: (...values: any[]) => void) => void,
 *   send?: (content: object, callbacks: undefined, buffers: ArrayBuffer[]) => void}} Model
 */

/**
 * An element with attributes; text children only ever become text.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * Let an element hold words of the caption: their language, and the direction of what is in it.
 * @template {HTMLElement} Element
 * @param {Element} element
 * @param {Meta} meta
 */
export function wordy(element, { lang }) {
  element.dir = "auto";
  if (lang) element.lang = lang;
  return element;
}

/**
 * A decorative bar and the part of it that is filled.
 * @returns {{bar: HTMLElement, fill: HTMLElement}}
 */
export function makeBar() {
  const fill = make("i");
  return { bar: make("div", { class: "bar", "aria-hidden": "true" }, fill), fill };
}

/**
 * Bytes as anywidget sends them (a view into some larger buffer) or as a page decodes them.
 * @param {Uint8Array | DataView | ArrayBuffer} value
 */
export function bytesOf(value) {
  return value instanceof ArrayBuffer
    ? new Uint8Array(value)
    : new Uint8Array(/** @type {ArrayBuffer} */ (value.buffer), value.byteOffset, value.byteLength);
}

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}\u00a0%`;

/**
 * Whether a key belongs to the browser or the system, not to the viewer.
 * @param {KeyboardEvent} event
 */
export const isShortcut = (event) => event.ctrlKey || event.metaKey || event.altKey;
