// @ts-check
/**
 * A figure in a notebook is two outputs of one cell: the static viewer, and below it the live one, which needs a kernel.
 * Of the two the reader sees the one that lives.
 */

const OUTPUT = ".jp-OutputArea-child";
const STATIC = "[data-hw3-viewer]";
const NO_MODEL = /^Error displaying widget/; // what JupyterLab says of a widget whose kernel is gone

/**
 * Hide the static twin right above a live viewer.
 * @param {HTMLElement} host
 */
export function hideStaticTwin(host) {
  const above = host.closest(OUTPUT)?.previousElementSibling;
  if (above instanceof HTMLElement && above.querySelector(STATIC)) above.style.display = "none";
}

/**
 * Hide the live twin right below a static viewer when it turns out to have no model.
 * @param {Element} el
 */
export function hideDeadTwin(el) {
  const output = el.closest(OUTPUT);
  if (!output?.parentElement) return;
  const check = () => {
    const below = output.nextElementSibling;
    if (below instanceof HTMLElement && NO_MODEL.test(below.textContent?.trim() ?? "")) below.style.display = "none";
  };
  new MutationObserver(check).observe(output.parentElement, { childList: true, subtree: true, characterData: true });
  check();
}

/**
 * Keep a viewer's cell at its full height. Notebook 7 puts long outputs into a box of 24 em that scrolls; the cell's
 * metadata `scrolled: false` should forbid it, but JupyterLab 4.6 drops that while it loads the notebook. The class
 * that makes the box is Notebook's own, which puts it back when it is taken away; the style of the element prevails.
 * @param {Element} el
 */
export function keepHeight(el) {
  const area = el.closest(".jp-Cell-outputArea");
  if (area instanceof HTMLElement) Object.assign(area.style, { maxHeight: "none", overflowY: "clip" });
}
