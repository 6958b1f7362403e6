// @ts-check
/** Files that are dropped on a live widget, or on the box around it, go to the kernel one by one. */

/**
 * @typedef {{get: (name: string) => any,
 *   send?: (content: object, callbacks: undefined, buffers: ArrayBuffer[]) => void}} Receiver
 */

const BOX = ".widget-vbox";
const MOST = 9 * 2 ** 20; // bytes: Jupyter's server closes a connection whose message has more than 10 MB
const FRAMES = 300; // five seconds: JupyterLab attaches an output some time after rendering it

/**
 * Call back as soon as JupyterLab has attached an element.
 * @param {HTMLElement} host
 * @param {() => void} then
 * @param {number} frames
 */
export function whenAttached(host, then, frames = FRAMES) {
  if (host.isConnected) then();
  else if (frames > 0) requestAnimationFrame(() => whenAttached(host, then, frames - 1));
}

/**
 * A message per file: its name, its size, how many are still to come, and its bytes unless they are too many.
 * @param {Receiver} model
 * @param {File[]} files
 */
export async function sendFiles(model, files) {
  for (const [place, file] of files.entries()) {
    /** @type {ArrayBuffer[]} */
    let content = [];
    try {
      if (file.size <= MOST) content = [await file.arrayBuffer()];
    } catch {
      // A folder has no bytes, and neither has a file that has gone: the kernel says so.
    }
    model.send?.({ file: file.name, bytes: file.size, left: files.length - 1 - place }, undefined, content);
  }
}

/**
 * Take drops where the model says so, `most` files of one drop; the result stops it.
 * @param {Receiver} model
 * @param {HTMLElement} el
 * @param {number} most
 */
export function takeDrops(model, el, most = 1) {
  if (!model.get("drops") || !model.send) return () => {};
  const target = el.closest(BOX) instanceof HTMLElement ? /** @type {HTMLElement} */ (el.closest(BOX)) : el;
  /** @param {DragEvent} event */
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault(); // or else the browser leaves the page for the file
    event.stopPropagation();
  };
  /** @param {DragEvent} event */
  const drop = (event) => {
    const files = [...(event.dataTransfer?.files ?? [])].slice(0, most);
    if (!files.length) return;
    over(event);
    sendFiles(model, files);
  };
  target.addEventListener("dragover", over);
  target.addEventListener("drop", drop);
  return () => {
    target.removeEventListener("dragover", over);
    target.removeEventListener("drop", drop);
  };
}
