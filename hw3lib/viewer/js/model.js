// @ts-check
/** A model without a kernel. */

/** @import { Model } from "./base.js" */

/**
 * The payload's values, and listeners by name, as anywidget's model has them.
 * @param {Record<string, unknown>} values
 * @returns {Model}
 */
export function staticModel(values) {
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
