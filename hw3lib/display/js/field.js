// @ts-check
/** A button for files of one's own (hw3lib/display/files.py): they are chosen, or dropped on the box around it. */

import { sendFiles, takeDrops, whenAttached } from "./drop.js";

/** @import { Receiver } from "./drop.js" */

/** @param {{model: Receiver, el: HTMLElement}} context */
function render({ model, el }) {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", multiple: true, accept: model.get("accept"), hidden: true });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = ""; // the same file can be chosen again
    sendFiles(model, files);
  });
  const button = document.createElement("button");
  button.className = "jupyter-widgets jupyter-button widget-button";
  button.style.width = "auto";
  button.textContent = model.get("label");
  button.addEventListener("click", () => input.click());
  el.append(button, input);
  let stop = () => {};
  whenAttached(el, () => {
    stop = takeDrops(model, el, Number.POSITIVE_INFINITY);
  });
  return () => stop();
}

export default { render };
