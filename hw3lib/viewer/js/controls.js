// @ts-check
/** Layer, head, heat, scale, strength and outline, and the key to the colours. */

import { make, percent } from "./base.js";
import { contextOf } from "./draw.js";

/** @import { Selection } from "./selection.js" */

const LONG = 30; // choices of what stands beside; a hundred figures with as many choices each would start thrice as slowly

export class Controls {
  /** @param {Selection} selection */
  constructor(selection) {
    const { maps } = selection;
    this.selection = selection;
    this.layer = select("Layer", numbered(maps.layers));
    this.head = select("Head", [["-1", "mean of heads"], ...numbered(maps.heads)]);
    this.heat = segments("Heat", "heat", { glow: "white glow", colour: "colour" });
    this.scale = segments("Scale", "scale", { caption: "whole caption", word: "each word" });
    this.beside = make("select", { "aria-label": "Beside it" }, make("option", { value: "" }, "nothing"));
    this.besideRow = named("Beside it", this.beside, "wide");
    this.follow = segments("Its word", "follow", { place: "same place", word: "same word" });
    this.fillBeside();
    this.opacity = make("input", { type: "range", min: 0, max: 1, step: 0.02, "aria-label": "Strength" });
    this.outline = make("input", { type: "checkbox" });
    this.gradient = make("canvas", { width: 256, height: 1, "aria-hidden": "true" });
    this.most = make("span");
    this.element = make(
      "div",
      { class: "controls" },
      named("Layer", this.layer),
      named("Head", this.head),
      this.heat,
      this.scale,
      named("Strength", this.opacity, "wide"),
      this.besideRow,
      this.follow,
      ...this.outlineRow(),
      this.key(),
    );
    this.listen();
  }

  outlineRow() {
    if (!this.selection.words.some((word) => word.outline)) return [];
    return [make("label", { class: "wide tick" }, this.outline, "Outline of the object named")];
  }

  key() {
    const hint = { class: "key wide", title: "The share of a word's attention that one patch has" };
    return make("div", hint, make("span", {}, "0 %"), this.gradient, this.most);
  }

  /**
   * What can be put beside the photograph: nothing, then what the model offers, by its groups.
   * @param {boolean} [reached] whether pointer or focus came to it: before that, a long menu is empty
   */
  fillBeside(reached = false) {
    /** @type {[string, string, string][]} */
    const choices = this.selection.model.get("choices") ?? [];
    this.besideRow.hidden = !choices.length;
    if (choices.length > LONG && !reached && !this.selection.model.get("beside")) return;
    const groups = [...new Set(choices.map(([, , group]) => group))].map((group) => {
      const options = choices
        .filter(([, , of]) => of === group)
        .map(([value, text]) => make("option", { value }, text));
      return make("optgroup", { label: group }, ...options);
    });
    this.beside.replaceChildren(make("option", { value: "" }, "nothing"), ...groups);
    this.beside.value = this.selection.model.get("beside") ?? "";
  }

  listen() {
    const { selection, layer, head, opacity, outline, beside } = this;
    beside.addEventListener("change", () => selection.set("beside", beside.value));
    for (const reach of ["pointerdown", "focus"])
      beside.addEventListener(reach, () => beside.length > 1 || this.fillBeside(true));
    layer.addEventListener("change", () => selection.set("layer", Number(layer.value)));
    head.addEventListener("change", () => selection.set("head", Number(head.value)));
    opacity.addEventListener("input", () => selection.set("opacity", Number(opacity.value)));
    outline.addEventListener("change", () => selection.set("outline", outline.checked));
    for (const group of [this.heat, this.scale, this.follow])
      group.addEventListener("change", ({ target }) => {
        const { name, value } = /** @type {HTMLInputElement} */ (target);
        selection.set(name, value);
      });
  }

  /** Show what the model has. */
  update() {
    const { model, layer, head, colours, outlined, partner } = this.selection;
    if (model.get("beside") && this.beside.length === 1) this.fillBeside(); // a link's, or a kernel's
    this.beside.value = model.get("beside") ?? "";
    this.follow.hidden = partner === null;
    this.layer.value = String(layer);
    this.head.value = String(head);
    this.opacity.value = model.get("opacity");
    this.outline.checked = outlined;
    for (const group of [this.heat, this.scale, this.follow])
      for (const input of group.querySelectorAll("input")) input.checked = input.value === model.get(input.name);
    const pixels = new ImageData(new Uint8ClampedArray(colours.slice().buffer), 256, 1);
    contextOf(this.gradient).putImageData(pixels, 0, 0);
  }

  /** The key's upper end: what is white in the current word's map. */
  describe() {
    const { words, word } = this.selection;
    if (words[word].map !== null) this.most.textContent = `${percent(this.selection.white(word))} or more`;
  }
}

/**
 * @param {number} length
 * @returns {[string, string][]}
 */
const numbered = (length) => Array.from({ length }, (_, i) => [`${i}`, `${i + 1} of ${length}`]);

/**
 * @param {string} label
 * @param {[string, string][]} options value and text
 */
function select(label, options) {
  return make("select", { "aria-label": label }, ...options.map(([value, text]) => make("option", { value }, text)));
}

/**
 * @param {string} name
 * @param {HTMLElement} control
 * @param {string} [kind]
 */
function named(name, control, kind = "") {
  return make("label", { class: kind }, make("span", { class: "name" }, name), control);
}

/**
 * One choice of a few, side by side.
 * @param {string} legend
 * @param {string} name
 * @param {Record<string, string>} choices text by value
 */
function segments(legend, name, choices) {
  const labels = Object.entries(choices).map(([value, text]) =>
    make("label", {}, make("input", { type: "radio", name, value }), make("span", {}, text)),
  );
  const row = make("div", { class: "segments" }, ...labels);
  return make("fieldset", { class: "wide" }, make("legend", {}, legend), row);
}
