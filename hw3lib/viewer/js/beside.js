// @ts-check
/** A second side beside the first: which there are, and a model for it that follows the first one's word and view. */

/** @import { Meta, Model, Word } from "./base.js" */

/**
 * What a second side shows: as a payload has it, its image when it is another photograph's.
 * @typedef {{meta: Meta, maps: any, peaks: any, image?: any}} Content
 */

/**
 * The second side that is chosen; null for none, and while a kernel computes it.
 * @param {Model} model
 * @returns {Content | null}
 */
export function besideOf(model) {
  const [key, sides] = [model.get("beside"), model.get("sides") ?? {}];
  return key && Object.hasOwn(sides, key) ? sides[key] : null;
}

/**
 * Which word of another caption belongs to a word: the one at its place, or the nearest that is the same; -1 for none.
 * @param {Word[]} words
 * @param {number} word
 * @param {Word[]} others
 * @param {string} by `place` or `word`
 */
export function counterpart(words, word, others, by) {
  if (by !== "word") return Math.min(word, others.length - 1);
  const same = others.flatMap(({ text }, index) => (text === words[word].text ? [index] : []));
  return same.sort((a, b) => Math.abs(a - word) - Math.abs(b - word))[0] ?? -1;
}

/**
 * The model of a second side. It has a word of its own, which follows the first side's and which the first follows;
 * layers are counted from the last one, since another decoder may have another number of them.
 * @param {Model} lead
 * @param {Content} content
 * @param {() => void} changed called when a hand chose a word of this side
 * @returns {Model & {follow: () => void}}
 */
export function followed(lead, content, changed) {
  /** @type {Meta} */
  const first = lead.get("meta");
  const { meta, maps, peaks } = content;
  const image = content.image ?? lead.get("image");
  /** @type {Record<string, any>} */
  const own = { meta, maps, peaks, image, word: 0, hides: false, hidden: [] };
  const to = (/** @type {number} */ word) => counterpart(first.words, word, meta.words, lead.get("follow"));
  const back = (/** @type {number} */ word) => counterpart(meta.words, word, first.words, lead.get("follow"));
  let steering = false;
  /** @type {Record<string, () => any>} */
  const derived = {
    layer: () => meta.layers - first.layers + lead.get("layer"),
    pinned: () => (lead.get("pinned") < 0 ? -1 : to(lead.get("pinned"))),
  };
  own.word = counterpart(first.words, lead.get("word"), meta.words, "place");
  return {
    get: (name) => (name in own ? own[name] : (derived[name]?.() ?? lead.get(name))),
    set(name, value) {
      const place = name === "word" || name === "pinned" ? back(Number(value)) : -1;
      if (name !== "word") return lead.set(name, name === "pinned" ? place : value);
      own.word = value;
      steering = true;
      if (place >= 0) lead.set("word", place);
      steering = false;
      changed();
    },
    follow() {
      const place = to(lead.get("word"));
      if (!steering && place >= 0) own.word = place;
    },
    save_changes: () => lead.save_changes(),
    on() {},
    off() {},
  };
}
