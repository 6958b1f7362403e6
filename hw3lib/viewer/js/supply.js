// @ts-check
/** Where a gallery's pictures and maps come from: a page holds some, a live notebook's kernel makes them when asked. */

import { bytesOf } from "./base.js";

/** @import { Model } from "./base.js" */
/** @typedef {{photo: string, captions: Record<string, any>}} Comparison a viewer's payload by run, whose caption it is */
/** @typedef {{comparison?: Comparison, problem?: string}} Answer */

const TOGETHER = 30; // ms in which requests for thumbnails are gathered to one

/** @param {string} base64 */
const source = (base64) => `data:image/webp;base64,${base64}`;

/** @param {string} base64 */
export const decoded = (base64) => bytesOf(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));

export class Supply {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.live = Boolean(model.get("live") && model.send);
    /** @type {Record<string, string>} by the image's place */
    this.thumbs = { ...model.get("thumbs") };
    /** @type {Map<number, Set<HTMLImageElement>>} */
    this.waiting = new Map();
    this.later = 0;
    /** @type {Map<string, Answer>} */
    this.answers = new Map();
    this.asked = "";
    /** @type {(answer: Answer) => void} */
    this.tell = () => {};
    /** @param {{thumbs?: Record<string, string>, of?: string} & Answer} content */
    this.hear = (content) => this.take(content);
    if (this.live) model.on("msg:custom", this.hear);
  }

  /**
   * Show an image's thumbnail, now or when it comes.
   * @param {number} place
   * @param {HTMLImageElement} picture
   */
  thumbnail(place, picture) {
    if (this.thumbs[place]) picture.src = source(this.thumbs[place]);
    else if (this.live) {
      this.waiting.set(place, (this.waiting.get(place) ?? new Set()).add(picture));
      this.later ||= setTimeout(() => this.ask(), TOGETHER);
    }
  }

  ask() {
    this.later = 0;
    // A hand that scrolled on has no use for what it passed.
    for (const [place, pictures] of this.waiting)
      if (![...pictures].some((picture) => picture.isConnected)) this.waiting.delete(place);
    if (this.waiting.size) this.model.send?.({ thumbs: [...this.waiting.keys()] }, undefined, []);
  }

  /**
   * The maps of an image under two runs; `tell` is told once, or at once null where nobody can compute them.
   * @param {number} place
   * @param {string[]} runs
   * @param {(answer: Answer | null) => void} tell
   */
  compare(place, runs, tell) {
    const key = JSON.stringify([place, ...runs]);
    /** @type {Comparison | undefined} */
    const held = this.model.get("opened")?.[place];
    if (held && runs.every((run) => run in held.captions)) tell({ comparison: held });
    else if (this.answers.has(key)) tell(/** @type {Answer} */ (this.answers.get(key)));
    else if (!this.live) tell(null);
    else {
      this.asked = key;
      this.tell = tell;
      this.model.send?.({ compare: { place, runs, of: key } }, undefined, []);
    }
  }

  /** @param {{thumbs?: Record<string, string>, of?: string} & Answer} content */
  take({ thumbs = {}, of, comparison, problem }) {
    Object.assign(this.thumbs, thumbs);
    for (const [place, base64] of Object.entries(thumbs)) {
      for (const picture of this.waiting.get(Number(place)) ?? []) picture.src = source(base64);
      this.waiting.delete(Number(place));
    }
    if (!of) return;
    this.answers.set(of, { comparison, problem });
    if (of === this.asked) this.tell({ comparison, problem });
  }

  /** @param {number} place */
  blurred(place) {
    return this.thumbs[place] ? source(this.thumbs[place]) : "";
  }

  close() {
    clearTimeout(this.later);
    if (this.live) this.model.off("msg:custom", this.hear);
  }
}
