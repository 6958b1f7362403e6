// @ts-check
/** The gallery: what is looked for, the cards that fit, and the image that is opened. */

import { isShortcut, make } from "./base.js";
import { CardList } from "./cards.js";
import { Opened } from "./opened.js";
import { AS_IN_THE_DATA, DISAGREEMENT, EVERYTHING, RESTED, Search, viewAddress } from "./search.js";
import { Supply } from "./supply.js";

/** @import { Model } from "./base.js" */
/** @import { Content, View } from "./search.js" */

export class Gallery {
  /**
   * Build the gallery inside a shadow root.
   * @param {Model} model
   * @param {ShadowRoot} root
   */
  constructor(model, root) {
    this.model = model;
    /** @type {Content} */
    this.content = model.get("gallery");
    this.search = new Search(this.content);
    this.supply = new Supply(model);
    const change = (/** @type {Partial<View>} */ changes) => this.change(changes);
    this.list = new CardList(this.content, this.supply, (place) => {
      change({ open: this.content.names[place] });
      this.head.scrollIntoView({ block: "nearest" }); // the cards may have been read from below their top
    });
    this.opened = new Opened(this.content, this.supply, change);
    this.count = make("p", { class: "found", role: "status" });
    this.link = make("a", { class: "pin" }, "Link to this view");
    this.back = make("button", { type: "button", class: "pin" }, "All images");
    this.title = make("b", { dir: "auto" });
    this.before = make("button", { type: "button", class: "pin", "aria-label": "Previous image" }, "‹");
    this.after = make("button", { type: "button", class: "pin", "aria-label": "Next image" }, "›");
    /** @type {Record<string, HTMLSelectElement | HTMLInputElement>} by the view's key */
    this.fields = makeFields(this.content);
    this.sought = "";
    this.saving = 0;
    this.bar = make("div", { class: "filters", role: "search", "aria-label": "Images" });
    this.head = make("div", { class: "filters" });
    this.element = this.assemble();
    root.append(this.element);
    this.listen();
    this.showing = () => this.show();
    model.on("change:view", this.showing);
    this.show();
  }

  /** @returns {View} */
  get view() {
    return { ...EVERYTHING, ...this.model.get("view") };
  }

  /** @param {Partial<View>} changes */
  change(changes) {
    const closes = Object.keys(changes).some((key) => ["words", "run", "object", "sort", "rising"].includes(key));
    const other = changes.open !== undefined && changes.open !== this.view.open;
    this.model.set("view", {
      ...this.view,
      ...(closes ? { open: "" } : {}),
      ...(other ? { word: "" } : {}),
      ...changes,
    });
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.model.save_changes(), RESTED);
  }

  assemble() {
    const { words, run, object, sort, rising, first, second } = this.fields;
    const filters = [labelled("Words", words), labelled("Captions of", run)];
    if (this.content.objects.length) filters.push(labelled("Absent object named", object));
    filters.push(labelled("Sort by", sort), labelled("Order", rising));
    this.bar.append(...filters);
    const pair = this.content.runs.length > 1 ? [labelled("Run", first), labelled("beside", second)] : [];
    const steps = make("div", { class: "steps" }, this.back, this.before, this.after, this.title);
    this.head.append(steps, ...pair);
    const note = make("p", { class: "note" }, this.content.note ?? "");
    const foot = make("div", { class: "foot" }, this.count);
    if (this.model.get("address")) foot.append(this.link);
    const parts = [this.bar, this.head, foot, this.list.element, this.opened.element, note];
    return make("div", { class: "gallery", role: "group", "aria-label": "Images with every run's caption" }, ...parts);
  }

  listen() {
    for (const [key, field] of Object.entries(this.fields))
      field.addEventListener(key === "words" ? "input" : "change", () => this.change({ [key]: field.value }));
    this.back.addEventListener("click", () => this.leave());
    this.before.addEventListener("click", () => this.turn(-1));
    this.after.addEventListener("click", () => this.turn(1));
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || isShortcut(event) || !this.view.open) return;
      event.preventDefault();
      this.leave();
    });
  }

  /** Back to the cards, to the one that was open. */
  leave() {
    const place = this.content.names.indexOf(this.view.open);
    this.change({ open: "" });
    this.list.focus(Math.max(0, this.list.places.indexOf(place)));
    this.bar.scrollIntoView({ block: "nearest" }); // what was open is taller, and was perhaps read far below
  }

  /** @param {number} by */
  turn(by) {
    const { places } = this.list;
    const at = places.indexOf(this.content.names.indexOf(this.view.open));
    const place = places[(at + by + places.length) % places.length];
    if (place !== undefined) this.change({ open: this.content.names[place] });
  }

  show() {
    const { view } = this;
    const { open, first, second, said, word, ...sought } = view;
    const place = this.content.names.indexOf(open);
    const opening = place >= 0 && this.opened.element.hidden;
    this.bar.hidden = this.list.element.hidden = place >= 0;
    this.head.hidden = this.opened.element.hidden = place < 0;
    for (const [key, field] of Object.entries(this.fields)) field.value = view[/** @type {keyof View} */ (key)];
    if (JSON.stringify(sought) !== this.sought) {
      this.sought = JSON.stringify(sought);
      this.list.list(this.search.places(view), this.search.runs(view));
    }
    const [found, all] = [this.list.places.length, this.content.names.length];
    this.count.textContent = found ? `${found} of ${all} images` : "No image has such a caption.";
    if (place >= 0) this.showOpened(place);
    if (opening) this.back.focus({ preventScroll: true });
    const address = this.model.get("address");
    if (address) this.link.href = `#${viewAddress(address, view)}`;
  }

  /** @param {number} place */
  showOpened(place) {
    const [one, two = ""] = this.opened.runs(this.view);
    const at = this.list.places.indexOf(place);
    this.fields.first.value = one;
    this.fields.second.value = two;
    this.title.textContent = this.content.names[place];
    this.count.textContent = at < 0 ? "" : `${at + 1} of ${this.list.places.length} images`;
    this.opened.show(place, this.view);
  }

  close() {
    this.model.off("change:view", this.showing);
    this.supply.close();
    this.list.close();
    this.opened.close();
  }
}

/** @param {Content} content */
function makeFields({ runs, metrics, objects, disagreement, pair }) {
  const [one, two] = pair.map((run) => runs[run].name);
  const first = two === undefined ? "low CIDEr" : `difference in CIDEr, ${one} and ${two}`;
  const names = runs.map(({ name, title }) => option(name, name, title));
  const sorts = [...(disagreement ? [option(DISAGREEMENT, "disagreement of runs")] : [])];
  sorts.push(...metrics.map((metric) => option(metric)));
  const copies = () => runs.map(({ name, title }) => option(name, name, title));
  return {
    words: make("input", { type: "search", placeholder: "in the captions", autocomplete: "off" }),
    run: make("select", {}, option("", runs.length > 1 ? "all runs" : runs[0].name), ...(runs.length > 1 ? names : [])),
    object: make("select", {}, option("", "–"), option("*", "any object"), ...objects.map((name) => option(name))),
    sort: make("select", {}, option("", first), ...sorts, option(AS_IN_THE_DATA, "none")),
    rising: make("select", {}, option("", "highest first"), option("1", "lowest first")),
    first: make("select", {}, ...copies()),
    second: make("select", {}, ...copies()),
  };
}

/** @param {string} value @param {string} [text] @param {string} [title] */
const option = (value, text = value, title = "") => make("option", { value, title }, text);

/** @param {string} label @param {HTMLElement} field */
function labelled(label, field) {
  field.setAttribute("aria-label", label); // a select's label has its options' texts in it
  return make("label", {}, make("span", { class: "name" }, label), field);
}
