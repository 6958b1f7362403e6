// @ts-check
/** One image of a gallery: two runs' captions, and P3's viewer of one of them as both runs read it. */

import { make } from "./base.js";
import { captionOf } from "./cards.js";
import { staticModel } from "./model.js";
import { Stage } from "./stage.js";
import { decoded } from "./supply.js";

/** @import { Model } from "./base.js" */
/** @import { Content, View } from "./search.js" */
/** @import { Answer, Comparison, Supply } from "./supply.js" */

const NOT_HERE = "The maps of these runs are not in this page; a live notebook (make lab) computes them.";

export class Opened {
  /**
   * @param {Content} content
   * @param {Supply} supply
   * @param {(changes: Partial<View>) => void} change
   */
  constructor(content, supply, change) {
    this.content = content;
    this.supply = supply;
    this.change = change;
    this.note = make("p", { class: "note", role: "status" });
    this.captions = make("div", { class: "both", role: "radiogroup", "aria-label": "The caption that is read" });
    this.stageAt = make("div");
    this.references = make("ul", { dir: "auto" });
    const written = make("div", { class: "written" }, make("b", {}, "Reference captions"), this.references);
    this.element = make("div", { class: "opened" }, this.captions, this.note, this.stageAt, written);
    this.captions.addEventListener("keydown", (event) => this.step(event));
    /** @type {Stage | null} */
    this.stage = null;
    this.key = "";
    this.said = "";
  }

  /**
   * @param {number} place the image's
   * @param {View} view
   */
  show(place, view) {
    const runs = this.runs(view);
    const said = runs.includes(view.said) ? view.said : runs[0];
    const key = JSON.stringify([place, said, ...runs]);
    if (key === this.key) {
      const word = Number(view.word) - 1;
      if (this.stage && word >= 0 && this.stage.model.get("word") !== word) this.stage.model.set("word", word);
      return;
    }
    this.close();
    this.key = key;
    this.references.replaceChildren(...this.content.references[place].map((text) => make("li", {}, text)));
    this.captions.replaceChildren(...runs.map((run) => this.caption(run, place, run === said)));
    const picture = make("img", { alt: this.content.names[place] });
    this.supply.thumbnail(place, picture);
    this.stageAt.replaceChildren(picture);
    this.note.textContent = "Computing the maps …";
    this.supply.compare(place, runs, (answer) => this.take(key, said, runs, answer, view));
  }

  /**
   * The two runs that are compared, or the only one.
   * @param {View} view
   */
  runs({ first, second }) {
    const names = this.content.runs.map(({ name }) => name);
    const [one, two] = this.content.pair.map((run) => names[run]);
    return [...new Set([names.includes(first) ? first : one, names.includes(second) ? second : two])].filter(Boolean);
  }

  /**
   * @param {string} run
   * @param {number} place
   * @param {boolean} chosen
   */
  caption(run, place, chosen) {
    const rank = this.content.runs.findIndex(({ name }) => name === run);
    const state = { role: "radio", "aria-checked": String(chosen), "data-run": run, tabindex: chosen ? 0 : -1 };
    const button = make("div", state, captionOf(this.content, rank, place));
    button.addEventListener("click", () => this.change({ said: run, word: "" }));
    return button;
  }

  /** @param {KeyboardEvent} event */
  step(event) {
    if (!["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = this.captions.querySelector("[aria-checked=false]");
    event.preventDefault();
    if (!(other instanceof HTMLElement)) return;
    this.change({ said: other.dataset.run ?? "", word: "" });
    const chosen = this.captions.querySelector("[aria-checked=true]");
    if (chosen instanceof HTMLElement) chosen.focus();
  }

  /**
   * @param {string} key
   * @param {string} said
   * @param {string[]} runs
   * @param {Answer | null} answer
   * @param {View} view
   */
  take(key, said, runs, answer, view) {
    if (key !== this.key) return; // another one was opened meanwhile
    this.note.textContent = answer === null ? NOT_HERE : (answer.problem ?? "");
    if (!answer?.comparison) return;
    const model = modelOf(answer.comparison, said, runs);
    if (view.word) model.set("word", Number(view.word) - 1);
    model.on("change:word", () => this.change({ said, word: String(model.get("word") + 1) }));
    this.stageAt.replaceChildren();
    this.stage = new Stage(model, this.stageAt);
    const { grid, controls } = this.stage;
    if (model.get("meta").layers * model.get("meta").heads > 1) return;
    for (const part of [grid.element, controls.layer.parentElement, controls.head.parentElement]) part?.remove();
  }

  close() {
    this.stage?.close();
    this.stage = null;
    this.key = "";
  }
}

/**
 * A viewer's model of the caption of one run, with the other run's reading beside it.
 * @param {Comparison} comparison
 * @param {string} said
 * @param {string[]} runs
 * @returns {Model}
 */
function modelOf({ photo, captions }, said, runs) {
  const { sides, ...payload } = captions[said];
  const bytes = (/** @type {any} */ of) => ({ ...of, maps: decoded(of.maps), peaks: decoded(of.peaks) });
  const readings = Object.entries(sides).map(([run, side]) => [run, bytes(side)]);
  const beside = runs.find((run) => run !== said) ?? "";
  return staticModel({ ...bytes(payload), image: decoded(photo), sides: Object.fromEntries(readings), beside });
}
