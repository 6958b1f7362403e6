// @ts-check
/** A viewer in an element, in the colours of the page around it. */

import { takeDrops, whenAttached } from "../../display/js/drop.js";
import { make } from "./base.js";
import { CSS } from "./css.js";
import { Gallery } from "./gallery.js";
import { GALLERY_CSS } from "./gallery_css.js";
import { hideStaticTwin, keepHeight } from "./notebook.js";
import { Stage } from "./stage.js";

/** @import { Model } from "./base.js" */

const DARK = "(prefers-color-scheme: dark)";
const THEME_ATTRIBUTES = ["class", "style", "data-theme", "data-jp-theme-light", "data-jp-theme-name"];

/**
 * Show a live model in an element, as anywidget asks for it; the result takes the viewer down.
 * @param {{model: Model, el: HTMLElement}} context
 */
export function render({ model, el }) {
  let stopDrops = () => {};
  whenAttached(el, () => {
    hideStaticTwin(el);
    keepHeight(el);
    stopDrops = takeDrops(model, el);
  });
  const unmount = mount({ model, el });
  return () => {
    stopDrops();
    unmount();
  };
}

/**
 * Show a model in an element; the result takes the viewer down.
 * @param {{model: Model, el: HTMLElement}} context
 */
export function mount({ model, el }) {
  const gallery = model.get("gallery") !== undefined;
  const attributes = { class: gallery ? "hw3-gallery" : "hw3-attention-viewer", "data-lm-suppress-shortcuts": "true" };
  const host = el.appendChild(make("div", attributes));
  const root = host.attachShadow({ mode: "open" });
  const stopTheme = followTheme(host);
  /** @type {Stage | Gallery | null} */
  let stage = null;
  const build = () => {
    stage?.close();
    root.replaceChildren(make("style", {}, gallery ? CSS + GALLERY_CSS : CSS));
    stage = gallery ? new Gallery(model, root) : new Stage(model, root);
  };
  model.on("change:meta", build);
  build();
  return () => {
    model.off("change:meta", build);
    stopTheme();
    stage?.close();
  };
}

/**
 * Mark a viewer as dark or light as its page changes; the result stops it.
 * @param {HTMLElement} host
 */
function followTheme(host) {
  const theme = () => {
    host.toggleAttribute("data-jupyter", getComputedStyle(host).getPropertyValue("--jp-layout-color0").trim() !== "");
    host.dataset.theme = isDark(host.parentElement ?? host) ? "dark" : "light";
  };
  const themes = new MutationObserver(theme);
  for (const node of [document.documentElement, document.body])
    themes.observe(node, { attributes: true, attributeFilter: THEME_ATTRIBUTES });
  const system = matchMedia(DARK);
  system.addEventListener("change", theme);
  theme();
  requestAnimationFrame(theme); // JupyterLab attaches the element after rendering it
  return () => {
    themes.disconnect();
    system.removeEventListener("change", theme);
  };
}

/**
 * Whether the page behind the viewer is dark, whatever made it so: a theme of JupyterLab's, a switch, the system.
 * @param {HTMLElement} element
 */
function isDark(element) {
  /** @type {Element | undefined} */
  let node = element;
  while (node) {
    const channels = getComputedStyle(node).backgroundColor.match(/[\d.]+/g) ?? [0, 0, 0, 0];
    const [r, g, b, a = 1] = channels.map(Number);
    if (a > 0.5) return 0.3 * r + 0.6 * g + 0.1 * b < 128;
    node = node.parentElement ?? hostOf(node);
  }
  return getComputedStyle(document.documentElement).colorScheme.includes("dark") && matchMedia(DARK).matches;
}

/** @param {Element} node */
function hostOf(node) {
  const root = node.getRootNode();
  return root instanceof ShadowRoot ? root.host : undefined;
}
