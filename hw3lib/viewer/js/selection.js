// @ts-check
/** What the model has selected: a word, a pinned word, a layer and head; their maps, and what is white in them. */

import { clamp } from "./base.js";
import { RAMPS } from "./draw.js";

/** @import { Model, Word } from "./base.js" */
/** @import { Maps } from "./maps.js" */

const SAVE_AFTER = 60; // ms: a kernel hears of a change when the hand rests, not at every word that it passes

export class Selection {
  /**
   * @param {Model} model
   * @param {Maps} maps
   */
  constructor(model, maps) {
    this.model = model;
    this.maps = maps;
    /** @type {Word[]} */
    this.words = model.get("meta").words;
    this.saving = 0;
    this.field = new Float32Array(0); // (count, P): the maps of the layer and head
    /** @type {number[]} */
    this.whites = [];
    /** @type {Selection | null} */
    this.partner = null; // of the side beside this one
    this.update();
  }

  /** The id of the viewer's figure on a page, undefined elsewhere. */
  get address() {
    return this.model.get("address");
  }

  get word() {
    return clamp(Math.round(this.model.get("word")), 0, this.words.length - 1);
  }

  /** -1 when no word is pinned. */
  get pinned() {
    return clamp(Math.round(this.model.get("pinned") ?? -1), -1, this.words.length - 1);
  }

  get layer() {
    return clamp(Math.round(this.model.get("layer")), 0, this.maps.layers - 1);
  }

  /** -1 for the mean of all heads. */
  get head() {
    return clamp(Math.round(this.model.get("head")), -1, this.maps.heads - 1);
  }

  get colours() {
    return RAMPS[this.model.get("heat")] ?? RAMPS.glow;
  }

  get perWord() {
    return this.model.get("scale") === "word";
  }

  get outlined() {
    return this.model.get("outline") !== false;
  }

  /** Whether a click on a patch hides it: someone must compute what comes of it. */
  get hides() {
    return Boolean(this.model.get("hides"));
  }

  /**
   * The patches that are hidden from the decoder.
   * @returns {number[]}
   */
  get hidden() {
    return this.model.get("hidden") ?? [];
  }

  /** @param {number} patch */
  toggleHidden(patch) {
    const others = this.hidden.filter((other) => other !== patch);
    this.set("hidden", others.length < this.hidden.length ? others : [...others, patch]);
  }

  /** Take the maps of another layer, head or scale. */
  update() {
    const { maps, layer, head } = this;
    this.field = maps.view(layer, head);
    const common = this.perWord ? 0 : this.fromPartner((other) => other.maps.white(other.layer, other.head));
    this.whites = Array.from({ length: maps.count }, (_, map) => Math.max(common, this.whiteIn(layer, head, map)));
  }

  /**
   * What is white in one map of some view: the caption's white, or the map's own peak.
   * @param {number} layer
   * @param {number} head
   * @param {number} map
   */
  whiteIn(layer, head, map) {
    return this.perWord ? Math.max(...this.mapIn(layer, head, map)) : this.maps.white(layer, head);
  }

  /**
   * @param {number} layer
   * @param {number} head
   * @param {number} map
   */
  mapIn(layer, head, map) {
    const { patches } = this.maps;
    return this.maps.view(layer, head).subarray(map * patches, (map + 1) * patches);
  }

  /**
   * A word's map (P), null for [BOS].
   * @param {number} word
   */
  mapOf(word) {
    const map = this.words[word].map;
    const { patches } = this.maps;
    return map === null ? null : this.field.subarray(map * patches, (map + 1) * patches);
  }

  /**
   * What is white in a word's map. Words that are compared have one scale, the strongest's.
   * @param {number} word one with a map
   */
  white(word) {
    if (word !== this.word && word !== this.pinned) return this.whites[/** @type {number} */ (this.words[word].map)];
    return Math.max(
      this.strongest(),
      this.fromPartner((other) => other.strongest()),
    );
  }

  /** The white of the current or the pinned word, whichever is the higher; 0 when neither has a map. */
  strongest() {
    const maps = [this.word, this.pinned].map((word) => this.words[word]?.map ?? null);
    return Math.max(0, ...maps.map((map) => (map === null ? 0 : this.whites[map])));
  }

  /**
   * A share of attention in the maps beside these, as a share of one patch here: patches there may be larger.
   * @param {(other: Selection) => number} share
   */
  fromPartner(share) {
    const { partner, maps } = this;
    return partner ? (share(partner) * partner.maps.patches) / maps.patches : 0;
  }

  /**
   * @param {string} name
   * @param {unknown} value
   */
  set(name, value) {
    if (this.model.get(name) === value) return;
    this.model.set(name, value);
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.model.save_changes(), SAVE_AFTER);
  }

  /** @param {number} word */
  choose(word) {
    this.set("word", clamp(word, 0, this.words.length - 1));
  }

  /**
   * Choose a word by hand, which stops the player.
   * @param {number} word
   */
  take(word) {
    this.set("playing", false);
    this.choose(word);
  }

  togglePin() {
    this.set("pinned", this.pinned === this.word ? -1 : this.word);
  }
}
