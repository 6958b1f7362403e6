// @ts-check
/**
 * The attention viewer: a photograph, its caption as a row of words, and the map of the current word.
 *
 * Two homes. In JupyterLab it is the `_esm` of an anywidget (the default export); in a static page it is an inlined
 * module script followed by `mountAll();`, which finds the payloads on the page and gives each a model with the same
 * get/set/on as a live one. Both take one module: `hw3lib/viewer/script.py` joins the files of this folder, whose
 * top-level names therefore differ. No dependency, no network. Everything in the payload is data: it reaches the page
 * as textContent and pixels, never as markup.
 *
 * The payload (`hw3lib/viewer/payload.py`): `meta` (words, grid, layers, heads, photo, seen; see base.js), `image`
 * (JPEG), `maps` (uint8, words with a map x layers x heads x patches), `peaks` (float32, one per map): a value is
 * (byte / 255)^2 * peak.
 */

import { mountAll } from "./page.js";
import { render } from "./render.js";

export { mountAll, render };
export default { render };
