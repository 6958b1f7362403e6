// @ts-check
/** A static page's viewers: a model without a kernel for each payload on it. */

import { wordAddress } from "./keepsake.js";
import { hideDeadTwin, keepHeight } from "./notebook.js";
import { mount } from "./render.js";

/** @import { Model } from "./base.js" */

const SETTLED = 400; // ms: the address follows a hand that rests; browsers refuse more than some three a second

/**
 * The payload's values, and listeners by name, as anywidget's model has them.
 * @param {Record<string, unknown>} values
 * @returns {Model}
 */
function staticModel(values) {
  /** @type {Map<string, (() => void)[]>} */
  const listeners = new Map();
  const of = (/** @type {string} */ event) => listeners.get(event) ?? [];
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const listener of of(`change:${name}`)) listener();
    },
    on: (event, listener) => listeners.set(event, [...of(event), listener]),
    off: (event, listener) =>
      listeners.set(
        event,
        of(event).filter((other) => other !== listener),
      ),
    save_changes() {},
  };
}

/**
 * Give each word an address, `#figure-18-word-6`, where the viewer stands in a figure with an id: the page opens there,
 * and its own address follows the word that one chooses.
 * @param {Element} el
 * @param {Model} model
 */
function followAddress(el, model) {
  const figure = model.get("address");
  if (!figure) return;
  const open = () => {
    const [, id, count] = location.hash.match(/^#(.+)-word-(\d+)$/) ?? [];
    if (id !== figure) return;
    model.set("playing", false);
    model.set("word", Number(count) - 1);
    el.closest("figure")?.scrollIntoView();
  };
  let later = 0;
  const follow = () => {
    clearTimeout(later);
    if (model.get("playing")) return;
    later = setTimeout(() => history.replaceState(null, "", `#${wordAddress(figure, model.get("word"))}`), SETTLED);
  };
  open();
  addEventListener("hashchange", open);
  model.on("change:word", follow);
}

/** Bring every viewer on the page to life that is not alive yet; safe to call again. */
export function mountAll() {
  for (const el of document.querySelectorAll("[data-hw3-viewer]:not([data-hw3-alive])")) {
    el.setAttribute("data-hw3-alive", "");
    const values = JSON.parse(el.querySelector('script[type="application/json"]')?.textContent ?? "");
    for (const name of ["image", "maps", "peaks"])
      values[name] = Uint8Array.from(atob(values[name]), (letter) => letter.charCodeAt(0));
    el.querySelector("[data-hw3-fallback]")?.remove();
    values.address = el.closest("figure[id]")?.id;
    const model = staticModel(values);
    mount({ model, el: /** @type {HTMLElement} */ (el) });
    followAddress(el, model);
    hideDeadTwin(el);
    keepHeight(el);
  }
}
