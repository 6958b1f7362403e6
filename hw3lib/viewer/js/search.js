// @ts-check
/** Which cards of a gallery a view shows, and in which order; and the view as a part of the page's address. */

/** @import { Model } from "./base.js" */

/**
 * What a gallery holds: columns by run and image. A caption's `pieces` are joined the caption; every second one, from
 * the second, are words that a reference has too. `absent` are places in `objects`.
 * @typedef {{runs: {name: string, title: string}[], pair: number[], metrics: string[], objects: string[],
 *   names: string[], references: string[][], disagreement: (number | null)[] | null, pieces: string[][][],
 *   scores: (number | null)[][][], absent: number[][][], rtl: boolean, lang: string, note: string}} Content
 */

/**
 * What is shown; empty is the default. `run`: whose captions; `object`: that they name and that is not there, "*" for
 * any; `sort`: a metric, "disagreement", "data" for none, else how far the two runs' CIDEr are apart; `open`: an image,
 * with the runs `first` and `second` reading the caption of `said`, at `word`.
 * @typedef {{words: string, run: string, object: string, sort: string, rising: string, open: string, first: string,
 *   second: string, said: string, word: string}} View
 */

/** @type {View} */
export const EVERYTHING = {
  words: "",
  run: "",
  object: "",
  sort: "",
  rising: "",
  open: "",
  first: "",
  second: "",
  said: "",
  word: "",
};

export const RESTED = 400; // ms: the address and the kernel follow a hand that rests; browsers refuse three changes a second
export const DISAGREEMENT = "disagreement";
export const AS_IN_THE_DATA = "data";
const SPACED = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{N}]/u; // else a word may start inside another

/** @param {string} text */
const spaced = (text) =>
  ` ${text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, " ")}`;

export class Search {
  /** @param {Content} content */
  constructor(content) {
    this.content = content;
    this.texts = content.pieces.map((images) => images.map((pieces) => spaced(pieces.join(""))));
  }

  /**
   * The places of the runs that a view is about.
   * @param {View} view
   */
  runs({ run }) {
    const place = this.content.runs.findIndex(({ name }) => name === run);
    return place < 0 ? this.content.runs.map((_, index) => index) : [place];
  }

  /**
   * The places of the images that a view shows, in its order.
   * @param {View} view
   */
  places(view) {
    const runs = this.runs(view);
    const terms = spaced(view.words).trim().split(" ").filter(Boolean);
    const starts = terms.map((term) => (SPACED.test(term) ? ` ${term}` : term));
    const object = view.object === "*" ? -1 : this.content.objects.indexOf(view.object);
    /** @param {number} run @param {number} place */
    const fits = (run, place) => {
      const absent = this.content.absent[run][place];
      if (view.object && !(object < 0 ? absent.length : absent.includes(object))) return false;
      return starts.every((start) => this.texts[run][place].includes(start));
    };
    const places = this.content.names.map((_, place) => place);
    return this.sorted(
      places.filter((place) => runs.some((run) => fits(run, place))),
      view,
    );
  }

  /**
   * By the mean of the runs' scores; images without one come last.
   * @param {number[]} places
   * @param {View} view
   */
  sorted(places, view) {
    if (view.sort === AS_IN_THE_DATA) return places;
    const values = new Map(places.map((place) => [place, this.value(place, view)]));
    const sign = view.rising ? 1 : -1;
    const none = Number.POSITIVE_INFINITY;
    /** @param {number} place */
    const key = (place) => {
      const value = values.get(place) ?? null;
      return value === null ? none : sign * value;
    };
    return places.sort((a, b) => (key(a) === key(b) ? a - b : key(a) - key(b)));
  }

  /**
   * What an image is sorted by.
   * @param {number} place
   * @param {View} view
   */
  value(place, view) {
    const { disagreement, metrics, scores } = this.content;
    if (view.sort === DISAGREEMENT) return disagreement?.[place] ?? null;
    if (!view.sort) {
      const cider = metrics.indexOf("CIDEr");
      const [one, two] = this.content.pair.map((run) => scores[run][place][cider] ?? 0);
      return two === undefined ? -one : Math.abs(one - two);
    }
    const metric = metrics.indexOf(view.sort);
    const values = this.runs(view).map((run) => scores[run][place][metric] ?? null);
    const known = values.filter((value) => value !== null);
    return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  }
}

/**
 * A view's place on a page: `figure-12?sort=CIDEr`.
 * @param {string} figure its id
 * @param {View} view
 */
export function viewAddress(figure, view) {
  const chosen = Object.entries(view).filter(([, value]) => value);
  return `${figure}?${new URLSearchParams(chosen)}`;
}

/**
 * The view at an address, null where it is no view of this figure.
 * @param {string} figure its id
 * @param {string} hash
 * @returns {View | null}
 */
export function viewAt(figure, hash) {
  if (!hash.startsWith(`#${figure}?`)) return null;
  const named = new URLSearchParams(hash.slice(figure.length + 2));
  const view = { ...EVERYTHING };
  for (const key of /** @type {(keyof View)[]} */ (Object.keys(view))) view[key] = named.get(key) ?? "";
  return view;
}

/**
 * Give each view of a gallery in a figure with an id an address: the page opens there, and its own address follows.
 * @param {Element} el
 * @param {Model} model
 */
export function followGallery(el, model) {
  const figure = model.get("address");
  if (!figure) return;
  const open = () => {
    const view = viewAt(figure, location.hash);
    if (!view) return;
    model.set("view", view);
    el.closest("figure")?.scrollIntoView();
  };
  let later = 0;
  open();
  addEventListener("hashchange", open);
  model.on("change:view", () => {
    clearTimeout(later);
    const address = `#${viewAddress(figure, model.get("view"))}`;
    later = setTimeout(() => history.replaceState(null, "", address), RESTED);
  });
}
