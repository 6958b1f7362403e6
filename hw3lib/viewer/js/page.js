// @ts-check
/** A static page's viewers: a model without a kernel for each payload on it. */

import { followAddress, viewOf } from "./address.js";
import { staticModel } from "./model.js";
import { hideDeadTwin, keepHeight } from "./notebook.js";
import { mount } from "./render.js";
import { followGallery } from "./search.js";

/**
 * A payload as the page has it: with its bytes, and the id of its figure.
 * @param {Element} el
 */
function valuesOf(el) {
  const values = JSON.parse(el.querySelector('script[type="application/json"]')?.textContent ?? "");
  for (const content of [values, ...Object.values(values.sides ?? {})])
    for (const name of ["image", "maps", "peaks"])
      if (name in content) content[name] = Uint8Array.from(atob(content[name]), (letter) => letter.charCodeAt(0));
  return { choices: [], sides: {}, first: viewOf(values), ...values, address: el.closest("figure[id]")?.id };
}

/** Bring every viewer on the page to life that is not alive yet; safe to call again. */
export function mountAll() {
  const found = [...document.querySelectorAll("[data-hw3-viewer]:not([data-hw3-alive])")];
  const all = found.map(valuesOf);
  const figures = all.filter(({ address, gallery }) => address && !gallery);
  for (const [place, el] of found.entries()) {
    const values = all[place];
    const others = values.address ? figures.filter((other) => other !== values) : [];
    values.choices = [
      ...values.choices,
      ...others.map(({ address, meta }) => [
        address,
        `${meta.name} (${address.replace("-", " ")})`,
        "another photograph",
      ]),
    ];
    values.sides = { ...values.sides, ...Object.fromEntries(others.map((other) => [other.address, other])) };
    el.setAttribute("data-hw3-alive", "");
    el.querySelector("[data-hw3-fallback]")?.remove();
    const model = staticModel(values);
    mount({ model, el: /** @type {HTMLElement} */ (el) });
    values.gallery ? followGallery(el, model) : followAddress(el, model);
    hideDeadTwin(el);
    keepHeight(el);
  }
}
