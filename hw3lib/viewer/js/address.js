// @ts-check
/** The link of a view: `#figure-18-word-6?layer=0&beside=plus`, a figure's word and what is not as it was at first. */

/** @import { Model } from "./base.js" */

const VIEW = ["layer", "head", "pinned", "heat", "scale", "opacity", "outline", "beside", "follow"];
const SETTLED = 400; // ms: the address follows a hand that rests; browsers refuse more than some three a second

/**
 * The view of a payload, from which its links tell the differences.
 * @param {Record<string, unknown>} values
 */
export const viewOf = (values) => Object.fromEntries(VIEW.map((name) => [name, values[name]]));

/**
 * Where a model stands on its page, without the number sign; words count from 1, as the viewer shows them.
 * @param {Model} model
 */
export function addressOf(model) {
  const first = model.get("first");
  const changed = VIEW.filter((name) => model.get(name) !== first[name]);
  const rest = new URLSearchParams(changed.map((name) => [name, String(model.get(name))])).toString();
  return `${model.get("address")}-word-${model.get("word") + 1}${rest && `?${rest}`}`;
}

/**
 * A setting as a link has it; what it was at first where the link does not say.
 * @param {string | null} text
 * @param {unknown} first
 */
function settingOf(text, first) {
  if (text === null) return first;
  if (typeof first === "boolean") return text === "true";
  return typeof first !== "number" ? text : Number.isFinite(Number(text)) ? Number(text) : first;
}

/**
 * Give each view of a viewer in a figure with an id an address: the page opens there, and its own address follows.
 * @param {Element} el
 * @param {Model} model
 */
export function followAddress(el, model) {
  const figure = model.get("address");
  if (!figure) return;
  const first = model.get("first");
  const open = () => {
    const [, id, count, rest] = location.hash.match(/^#(.+)-word-(\d+)(?:\?(.*))?$/) ?? [];
    if (id !== figure) return;
    model.set("playing", false);
    const told = new URLSearchParams(rest);
    for (const name of VIEW) {
      const value = settingOf(told.get(name), first[name]);
      if (value !== model.get(name)) model.set(name, value);
    }
    model.set("word", Number(count) - 1);
    el.closest("figure")?.scrollIntoView();
  };
  let later = 0;
  const follow = () => {
    clearTimeout(later);
    if (model.get("playing")) return;
    later = setTimeout(() => history.replaceState(null, "", `#${addressOf(model)}`), SETTLED);
  };
  open();
  addEventListener("hashchange", open);
  for (const name of ["word", ...VIEW]) model.on(`change:${name}`, follow);
}
