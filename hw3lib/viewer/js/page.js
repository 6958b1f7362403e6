// @ts-check
/** A static page's viewers: a model without a kernel for each payload on it. */

import { hideDeadTwin } from "./notebook.js";
import { mount } from "./render.js";

/** @import { Model } from "./base.js" */

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

/** Bring every viewer on the page to life that is not alive yet; safe to call again. */
export function mountAll() {
  for (const el of document.querySelectorAll("[data-hw3-viewer]:not([data-hw3-alive])")) {
    el.setAttribute("data-hw3-alive", "");
    const values = JSON.parse(el.querySelector('script[type="application/json"]')?.textContent ?? "");
    for (const name of ["image", "maps", "peaks"])
      values[name] = Uint8Array.from(atob(values[name]), (letter) => letter.charCodeAt(0));
    el.querySelector("[data-hw3-fallback]")?.remove();
    mount({ model: staticModel(values), el: /** @type {HTMLElement} */ (el) });
    hideDeadTwin(el);
  }
}
