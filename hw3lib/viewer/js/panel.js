// @ts-check
/** The facts on the current word: its probability, how spread its attention is, and where. */

import { make, makeBar, percent, wordy } from "./base.js";
import { entropy, overlap, regionOf, sumOf } from "./maps.js";

/** @import { Meta } from "./base.js" */
/** @import { Selection } from "./selection.js" */

const SPOKEN_AFTER = 600; // ms: a screen reader hears of a word that one stays at

/** A row of the panel: a name, a value and a bar. */
class Fact {
  /**
   * @param {string} name
   * @param {string} hint
   */
  constructor(name, hint) {
    this.name = make("dt", {}, name);
    this.value = make("dd");
    const { bar, fill } = makeBar();
    this.bar = bar;
    this.fill = fill;
    this.row = make("div", { title: hint }, this.name, this.value, bar);
  }

  /**
   * @param {string} text
   * @param {number} share of the bar, 0 to 1
   */
  show(text, share) {
    this.value.textContent = text;
    this.fill.style.width = `${100 * share}%`;
  }
}

export class Panel {
  /**
   * @param {Selection} selection
   * @param {Meta} meta
   */
  constructor(selection, meta) {
    this.selection = selection;
    this.meta = meta;
    this.facts = makeFacts();
    this.even = make("s"); // the mark of uniform attention in the outline's bar
    this.facts.inside.bar.append(this.even);
    this.facts.strongest.bar.remove();
    this.list = make("dl", { class: "facts" }, ...Object.values(this.facts).map((fact) => fact.row));
    this.title = wordy(make("div", { class: "said" }), meta);
    this.pin = make("button", { type: "button", class: "pin", "aria-keyshortcuts": "p" });
    this.pin.title = "Keep this word's map beside the others' (key: p)";
    this.pin.addEventListener("click", () => selection.togglePin());
    this.note = make("p", { class: "note" }, "Given, not predicted: [BOS] has no map. This is the photograph.");
    this.status = make("div", { class: "hidden", role: "status" });
    this.who = make("div", { class: "of", dir: "auto" }, meta.name);
    const head = make("div", { class: "head" }, this.title, this.pin);
    this.element = make("div", { class: "now" }, this.who, head, this.list, this.note, this.status);
    this.later = 0;
  }

  /** Show the current word's facts; returns them as a sentence. */
  describe() {
    const { words, word, pinned } = this.selection;
    const { text } = words[word];
    const map = this.selection.mapOf(word);
    this.title.textContent = text;
    this.pin.textContent = pinned === word ? "Pinned" : "Pin";
    this.pin.setAttribute("aria-pressed", String(pinned === word));
    this.pin.setAttribute("aria-label", `Pin ${text} to compare it with other words`);
    this.list.hidden = map === null;
    this.note.hidden = map !== null;
    const whose = this.selection.partner ? `${this.who.textContent}: ` : "";
    const sentence = whose + (map === null ? `${text}: the photograph` : this.describeMap(map));
    clearTimeout(this.later);
    if (!this.selection.model.get("playing")) this.later = setTimeout(() => this.speak(sentence), SPOKEN_AFTER);
    return sentence;
  }

  /** @param {Float32Array} map */
  describeMap(map) {
    const { maps, words, word } = this.selection;
    const { text, probability } = words[word];
    const bits = entropy(map);
    const limit = Math.log2(maps.patches);
    const peak = map.indexOf(Math.max(...map));
    const region = regionOf(peak, maps.rows, maps.columns);
    this.facts.probability.show((probability ?? 0).toFixed(2), probability ?? 0);
    this.facts.spread.show(`${bits.toFixed(1)} of ${limit.toFixed(1)} bits`, bits / (limit || 1));
    this.facts.strongest.show(`${region}, ${percent(map[peak])}`, 0);
    const spread = `entropy ${bits.toFixed(1)} of ${limit.toFixed(1)} bits`;
    const details = this.describeOutline() + this.describeOverlap(map);
    return `${text}: attention strongest at the ${region}, ${spread}${details}`;
  }

  /** The share of attention in the object's outline, where the object's place is known. */
  describeOutline() {
    const { words, word, layer, head, outlined } = this.selection;
    const { inside, even = 0 } = words[word];
    const shares = inside?.[layer];
    const fact = this.facts.inside;
    fact.row.hidden = !shares || !outlined;
    if (!shares) return "";
    const share = head < 0 ? sumOf(shares) / shares.length : shares[head];
    fact.show(`${percent(share)}, area ${percent(even)}`, share);
    this.even.style.left = `${100 * even}%`;
    return outlined ? `, ${percent(share)} of it in the outline` : "";
  }

  /**
   * How much attention the current word shares with the pinned one.
   * @param {Float32Array} map
   */
  describeOverlap(map) {
    const { words, word, pinned } = this.selection;
    const other = pinned < 0 || pinned === word ? null : this.selection.mapOf(pinned);
    const fact = this.facts.overlap;
    fact.row.hidden = other === null;
    if (other === null) return "";
    const share = overlap(map, other);
    fact.name.replaceChildren("Overlap with ", wordy(make("bdi", {}, words[pinned].text), this.meta));
    fact.show(percent(share), share);
    return `, overlap with ${words[pinned].text} ${percent(share)}`;
  }

  /** @param {string} sentence */
  speak(sentence) {
    this.status.textContent = sentence;
  }

  close() {
    clearTimeout(this.later);
  }
}

function makeFacts() {
  const outline =
    "The share of this word's attention inside the object's true outline, and the object's share of the area: what " +
    "uniform attention has inside";
  return {
    probability: new Fact("Probability", "How likely the model found this word after the words before it"),
    spread: new Fact("Entropy", "0 bits: one patch has all the attention. At the most, every patch has the same share"),
    strongest: new Fact("Strongest", "Where the strongest patch is, and its share of this word's attention"),
    inside: new Fact("In the outline", outline),
    overlap: new Fact("Overlap", "How much of the attention of both words is on the same patches"),
  };
}
