// @ts-check
/** A file that is dropped on a live viewer, or on the box around it, goes to the kernel. */

/** @import { Model } from "./base.js" */

const BOX = ".widget-vbox";
const MOST = 9 * 2 ** 20; // bytes: Jupyter's server closes a connection whose message has more than 10 MB

/**
 * Take drops where the model says so; the result stops it.
 * @param {Model} model
 * @param {HTMLElement} el
 */
export function takeDrops(model, el) {
  if (!model.get("drops") || !model.send) return () => {};
  const target = el.closest(BOX) instanceof HTMLElement ? /** @type {HTMLElement} */ (el.closest(BOX)) : el;
  /** @param {DragEvent} event */
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault(); // or else the browser leaves the page for the file
    event.stopPropagation();
  };
  /** @param {DragEvent} event */
  const drop = async (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    over(event);
    const content = file.size > MOST ? [] : [await file.arrayBuffer()];
    model.send?.({ file: file.name, bytes: file.size }, undefined, content);
  };
  target.addEventListener("dragover", over);
  target.addEventListener("drop", drop);
  return () => {
    target.removeEventListener("dragover", over);
    target.removeEventListener("drop", drop);
  };
}
