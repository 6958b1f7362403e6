/* The attention viewer: a photograph, its caption as a row of words, and the map of the word in hand.
 *
 * One module, two homes. In JupyterLab it is the `_esm` of an anywidget (the default export); in a static page it is an
 * inlined module script followed by `mountAll();`, which finds the payloads on the page and gives each a model with the
 * same get/set/on as a live one. No dependency, no network. Everything in the payload is data: it reaches the page as
 * textContent and pixels, never as markup.
 *
 * Payload (see viewer.py): `meta` (words, grid, layers, heads, photo, seen), `image` (JPEG), `maps` (uint8, words with a
 * map x layers x heads x patches), `peaks` (float32, one per map): a value is (byte / 255)^2 * peak. A word whose object's
 * place is known has its `outline` (rings of fractions of the photograph), the share of attention `inside` by layer and
 * head, and the share `even` that an even map has inside.
 */

const CSS = `
:host { display: block; width: 100%; container-type: inline-size;
  --v-bg: var(--hw3-surface, #ffffff); --v-ink: var(--hw3-ink, #1b1d22); --v-quiet: var(--hw3-quiet, #5d626c);
  --v-line: var(--hw3-line, #dfe2e8); --v-soft: var(--hw3-soft, #f3f4f7); --v-accent: var(--hw3-accent, #2f56c6);
  --v-on-accent: #ffffff; --v-lift: var(--v-bg); color-scheme: light; }
:host([data-theme="dark"]) {
  --v-bg: var(--hw3-surface, #16181d); --v-ink: var(--hw3-ink, #eceef3); --v-quiet: var(--hw3-quiet, #a4aab6);
  --v-line: var(--hw3-line, #31353e); --v-soft: var(--hw3-soft, #21242b); --v-accent: var(--hw3-accent, #93b1ff);
  --v-on-accent: #10131a; --v-lift: #3b414d; color-scheme: dark; }
:host([data-jupyter]) { --v-bg: var(--jp-layout-color0); --v-ink: var(--jp-content-font-color0, var(--jp-ui-font-color0)); }
* { box-sizing: border-box; }
.viewer { display: grid; gap: 14px 22px; grid-template-columns: minmax(0, 1fr) 244px;
  grid-template-areas: "photo now" "photo controls" "words words" "heads heads"; grid-template-rows: auto 1fr auto auto;
  padding: 16px; border: 1px solid var(--v-line); border-radius: 14px; background: var(--v-bg); color: var(--v-ink);
  font-family: var(--jp-ui-font-family, inherit); font-size: 15px; line-height: 1.4; text-align: left; }
.photo { grid-area: photo; min-width: 0; margin: 0 auto; width: min(100%, calc(430px * var(--aspect))); }
.photo canvas { display: block; width: 100%; aspect-ratio: var(--aspect); border-radius: 8px; background: var(--v-soft); }
.photo.pair { width: min(100%, calc(860px * var(--aspect) + 12px)); }
.plates { display: grid; gap: 12px; }
.pair .plates { grid-template-columns: repeat(2, minmax(0, 1fr)); }
.plates figure { margin: 0; min-width: 0; }
.plates figcaption { display: none; gap: 8px; align-items: baseline; min-height: 28px; padding-bottom: 4px; font-size: 14px; }
.pair figcaption { display: flex; }
.plates .pin { margin-left: auto; align-self: center; min-height: 24px; padding: 0 9px; }
.plates b { font-weight: 600; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.plates small { flex: none; font-size: 13px; color: var(--v-quiet); }
.scrub { display: flex; align-items: center; gap: 10px; margin-top: 10px; }
.scrub input { flex: 1; min-width: 0; }
.count { color: var(--v-quiet); font-size: 13px; font-variant-numeric: tabular-nums; min-width: 4.6ch; text-align: right; }
.play { flex: none; width: 34px; height: 34px; padding: 0; border: 0; border-radius: 50%; cursor: pointer;
  background: var(--v-accent); color: var(--v-on-accent); }
.play svg { display: block; margin: auto; }
.play .pause, .play[aria-pressed="true"] .go { display: none; }
.play[aria-pressed="true"] .pause { display: block; }
input[type="range"] { accent-color: var(--v-accent); margin: 0; height: 24px; cursor: pointer; }
.now { grid-area: now; min-width: 0; }
.of { color: var(--v-quiet); font-size: 13px; overflow-wrap: anywhere; }
.of:empty { display: none; }
.head { display: flex; align-items: flex-start; gap: 10px; }
.pin { flex: none; min-height: 30px; padding: 0 11px; border: 1px solid var(--v-line); border-radius: 15px; background: none;
  color: var(--v-quiet); font: inherit; font-size: 13px; cursor: pointer; }
.pin:hover { color: var(--v-ink); border-color: var(--v-quiet); }
.pin[aria-pressed="true"] { background: var(--v-accent); border-color: var(--v-accent); color: var(--v-on-accent); }
.said { flex: 1; min-width: 0; font-size: 27px; line-height: 1.15; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
.facts { margin: 10px 0 0; display: grid; gap: 9px; font-size: 13px; }
.facts > div { display: grid; grid-template-columns: 1fr auto; gap: 1px 8px; }
.facts dt { color: var(--v-quiet); }
.facts dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
.bar { grid-column: 1 / -1; height: 4px; border-radius: 2px; background: var(--v-soft); overflow: hidden; }
.bar i { display: block; height: 100%; width: 0; border-radius: 2px; background: var(--v-accent); }
.facts [hidden], .facts[hidden] { display: none; }
.bar { position: relative; }
.bar s { position: absolute; top: 0; width: 2px; height: 100%; margin-left: -1px; background: var(--v-ink); }
.note { margin: 10px 0 0; font-size: 13px; color: var(--v-quiet); }
.controls { grid-area: controls; align-self: end; display: grid; gap: 10px; grid-template-columns: 4fr 6fr; font-size: 13px;
  border-top: 1px solid var(--v-line); padding-top: 12px; }
.controls label, .controls fieldset { display: grid; gap: 3px; min-width: 0; margin: 0; padding: 0; border: 0; }
.controls .wide { grid-column: 1 / -1; }
.controls .tick { display: flex; align-items: center; gap: 8px; cursor: pointer; color: var(--v-quiet); }
.tick input { width: 16px; height: 16px; margin: 0; accent-color: var(--v-accent); cursor: pointer; }
.name, legend { color: var(--v-quiet); padding: 0; }
legend { margin-bottom: 3px; }
select { font: inherit; color: inherit; width: 100%; height: 30px; padding: 0 6px; border: 1px solid var(--v-line);
  border-radius: 7px; background: var(--v-bg); cursor: pointer; }
.segments { display: flex; padding: 2px; border-radius: 8px; background: var(--v-soft); }
.segments label { flex: 1; position: relative; display: block; text-align: center; cursor: pointer; }
.segments input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; }
.segments span { display: block; padding: 3px 4px; border-radius: 6px; color: var(--v-quiet); white-space: nowrap; }
.segments input:checked + span { background: var(--v-lift); color: var(--v-ink); box-shadow: 0 1px 2px rgb(0 0 0 / 0.16); }
.key { display: grid; grid-template-columns: auto 1fr auto; gap: 8px; align-items: center; color: var(--v-quiet); }
.key canvas { width: 100%; height: 8px; border-radius: 4px; border: 1px solid var(--v-line); }
.words { grid-area: words; display: grid; gap: 8px 8px; border-top: 1px solid var(--v-line); padding-top: 14px;
  grid-template-columns: repeat(auto-fill, minmax(94px, 1fr)); touch-action: pan-y; }
.words button { display: block; min-width: 0; padding: 4px 4px 5px; border: 0; border-radius: 9px; background: none;
  color: inherit; font: inherit; text-align: left; cursor: pointer; user-select: none; -webkit-user-select: none; }
.words canvas { display: block; width: 100%; aspect-ratio: var(--thumb); border-radius: 5px; background: var(--v-soft); }
.words span { display: block; margin: 4px 1px 3px; line-height: 1.2; overflow: hidden; text-overflow: ellipsis; }
.words button[data-pinned] { box-shadow: inset 0 0 0 2px var(--v-accent); }
.words .given { color: var(--v-quiet); }
.words .bar { height: 2px; margin: 0 1px; }
.words .bar i { background: var(--v-quiet); }
.words button[aria-checked="true"] { background: var(--v-accent); color: var(--v-on-accent); }
.words button[aria-checked="true"] .given { color: inherit; }
.words button[aria-checked="true"] .bar { background: rgb(128 128 128 / 0.4); }
.words button[aria-checked="true"] .bar i { background: var(--v-on-accent); }
:focus-visible, .segments input:focus-visible + span { outline: 2px solid var(--v-accent); outline-offset: 2px; }
.heads { grid-area: heads; min-width: 0; border-top: 1px solid var(--v-line); padding-top: 10px; font-size: 13px; }
.heads summary { width: fit-content; padding: 3px 6px 3px 0; color: var(--v-quiet); cursor: pointer; border-radius: 5px; }
.heads summary:hover { color: var(--v-ink); }
.matrix { display: grid; gap: 4px; width: fit-content; max-width: 100%; margin-top: 8px; align-items: center;
  grid-template-columns: auto minmax(0, var(--cell)) 2px repeat(var(--heads), minmax(0, var(--cell))); }
.matrix span { color: var(--v-quiet); font-size: 11px; text-align: center; font-variant-numeric: tabular-nums; }
.matrix .layer { text-align: right; padding-right: 4px; }
.matrix button { display: block; min-width: 0; padding: 0; border: 0; border-radius: 4px; background: #0c0d10; cursor: pointer; }
.matrix canvas { display: block; width: 100%; aspect-ratio: var(--part); border-radius: 4px; }
.matrix button:hover { box-shadow: 0 0 0 1px var(--v-quiet); }
.matrix button[aria-checked="true"] { box-shadow: 0 0 0 1px var(--v-bg), 0 0 0 3px var(--v-accent); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@container (max-width: 640px) {
  .viewer { grid-template-columns: minmax(0, 1fr); grid-template-areas: "photo" "now" "words" "controls" "heads";
    grid-template-rows: none; padding: 12px; border-radius: 12px; }
  .photo { width: min(100%, calc(340px * var(--aspect))); }
  .photo.pair { width: min(100%, calc(250px * var(--aspect))); }
  .pair .plates { grid-template-columns: minmax(0, 1fr); gap: 6px; }
  .said { font-size: 23px; min-height: 1.15em; }
  .head .pin { min-height: 36px; border-radius: 18px; padding: 0 14px; }
  .matrix { gap: 3px; }
  .facts { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 12px; }
  .facts > div { grid-template-columns: 1fr; align-content: start; }
  .facts dd { text-align: left; }
  .words { grid-template-columns: repeat(auto-fill, minmax(72px, 1fr)); gap: 6px 4px; }
  .play { width: 40px; height: 40px; }
}
@media print { .scrub, .controls, .pin, .heads { display: none; } .viewer { grid-template-areas: "photo now" "words words"; } }
`;

const PLAY = `<svg class="go" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d="M3.5 1.6v10.8L12 7z"
  fill="currentColor"/></svg><svg class="pause" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path
  d="M3 2h3v10H3zM8 2h3v10H8z" fill="currentColor"/></svg>`;

const SIDES = [["upper left", "top", "upper right"], ["left", "centre", "right"], ["lower left", "bottom", "lower right"]];
const INFERNO = ["000004", "1f0c48", "550f6d", "88226a", "ba3655", "e35933", "f98c0a", "f9c932", "fcffa4"]
  .map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));

/** What 256 steps of strength look like, as RGBA pixels: white over dark, or colour over the photograph. */
const RAMPS = { glow: ramp((t) => [255 * t, 255 * t, 255 * t, 255]), colour: ramp((t) => [...inferno(t), 255 * t ** 0.75]) };

function ramp(colour) {
  const bytes = Uint8ClampedArray.from({ length: 1024 }, (_, i) => colour((i >> 2) / 255)[i & 3]);
  return new Uint32Array(bytes.buffer);
}

function inferno(t) {
  const at = Math.min(t * 8, 7.999), low = Math.floor(at);
  return INFERNO[low].map((value, channel) => value + (INFERNO[low + 1][channel] - value) * (at - low));
}

/** An element with attributes; text children only ever become text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const bytesOf = (value) => new Uint8Array(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** The maps of one payload: any layer and head of them, upsampled. */
class Maps {
  constructor(model) {
    const meta = model.get("meta");
    [this.rows, this.columns] = meta.grid;
    this.layers = meta.layers;
    this.heads = meta.heads;
    this.patches = this.rows * this.columns;
    this.places = meta.words.map((word) => word.map); // where a word's maps are; null for [BOS]
    this.values = bytesOf(model.get("maps"));
    this.peaks = new Float32Array(bytesOf(model.get("peaks")).slice().buffer);
    const count = this.places.filter((place) => place !== null).length;
    const wanted = count * this.layers * this.heads;
    if (this.peaks.length !== wanted || this.values.length !== wanted * this.patches)
      throw new Error(`viewer: ${this.values.length} map values and ${this.peaks.length} peaks for ${count} words x ` +
        `${this.layers} layers x ${this.heads} heads x ${this.patches} patches`);
    this.cache = new Map();
    this.shared = new Map();
  }

  /** What is drawn white on the scale of the whole caption, in one view; as figures_attention.WHITE. */
  white(layer, head) {
    const key = `${layer}/${head}`;
    if (!this.shared.has(key)) this.shared.set(key, quantile(this.view(layer, head), 0.99));
    return this.shared.get(key);
  }

  /** All words' maps in one view, (words, patches); head -1 is the mean of all heads. */
  view(layer, head) {
    const key = `${layer}/${head}`;
    if (this.cache.has(key)) return this.cache.get(key);
    const { patches, heads } = this, count = this.peaks.length / (this.layers * heads);
    const field = new Float32Array(count * patches);
    const [from, to] = head < 0 ? [0, heads] : [head, head + 1];
    for (let map = 0; map < count; map++)
      for (let h = from; h < to; h++) {
        const at = (map * this.layers + layer) * heads + h, unit = this.peaks[at] / 255 ** 2 / (to - from);
        for (let p = 0; p < patches; p++) field[map * patches + p] += this.values[at * patches + p] ** 2 * unit;
      }
    this.cache.set(key, field);
    return field;
  }

  /** One map as an image, `fine` pixels per patch, bilinear between the centres of patches and flat beyond them. */
  image(map, white, colours, fine) {
    const [width, height] = [this.columns * fine, this.rows * fine];
    const pixels = new ImageData(width, height), out = new Uint32Array(pixels.data.buffer);
    const xs = axis(this.columns, fine), ys = axis(this.rows, fine);
    for (let y = 0; y < height; y++) {
      const upper = ys.low[y] * this.columns, lower = ys.high[y] * this.columns, v = ys.part[y];
      for (let x = 0; x < width; x++) {
        const left = xs.low[x], right = xs.high[x], u = xs.part[x];
        const top = map[upper + left] * (1 - u) + map[upper + right] * u;
        const bottom = map[lower + left] * (1 - u) + map[lower + right] * u;
        out[y * width + x] = colours[Math.min(255, Math.round((255 * (top * (1 - v) + bottom * v)) / white))];
      }
    }
    return pixels;
  }
}

const AXES = new Map();
function axis(cells, fine) {
  const key = `${cells}/${fine}`;
  if (!AXES.has(key)) {
    const at = Float32Array.from({ length: cells * fine }, (_, i) => clamp((i + 0.5) / fine - 0.5, 0, cells - 1));
    const low = Uint16Array.from(at, Math.floor);
    AXES.set(key, { low, high: low.map((cell) => Math.min(cell + 1, cells - 1)), part: at.map((value, i) => value - low[i]) });
  }
  return AXES.get(key);
}

/** As numpy's: linear between the two values nearest to the place. */
function quantile(values, share) {
  const sorted = Float32Array.from(values).sort(), at = share * (sorted.length - 1), low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

/** Bits; 0 when one patch has it all. */
function entropy(map) {
  const sum = sumOf(map);
  return map.reduce((bits, value) => (value > 0 ? bits - (value / sum) * Math.log2(value / sum) : bits), 0);
}

const sumOf = (map) => map.reduce((total, value) => total + value, 0);

/** How much of two words' attention is on the same patches: the sum of the smaller shares, 0 to 1. */
function overlap(a, b) {
  const [all, others] = [sumOf(a), sumOf(b)];
  return a.reduce((total, value, patch) => total + Math.min(value / all, b[patch] / others), 0);
}

/** Whether the page behind the viewer is dark, whatever made it so: a theme of JupyterLab's, a switch, the system. */
function isDark(element) {
  for (let node = element; node; node = node.parentElement ?? node.getRootNode()?.host) {
    const [r, g, b, a = 1] = (getComputedStyle(node).backgroundColor.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
    if (a > 0.5) return 0.3 * r + 0.6 * g + 0.1 * b < 128;
  }
  return getComputedStyle(document.documentElement).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches;
}

function render({ model, el }) {
  const host = el.appendChild(make("div", { class: "hw3-attention-viewer", "data-lm-suppress-shortcuts": "true" }));
  const root = host.attachShadow({ mode: "open" });
  const stops = [];
  const on = (target, event, handler, options) => {
    target.addEventListener(event, handler, options);
    stops.push(() => target.removeEventListener(event, handler, options));
  };

  const theme = () => {
    host.toggleAttribute("data-jupyter", getComputedStyle(host).getPropertyValue("--jp-layout-color0").trim() !== "");
    host.dataset.theme = isDark(host.parentElement ?? host) ? "dark" : "light";
  };
  const themes = new MutationObserver(theme);
  for (const node of [document.documentElement, document.body])
    themes.observe(node, { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-jp-theme-light", "data-jp-theme-name"] });
  on(matchMedia("(prefers-color-scheme: dark)"), "change", theme);
  stops.push(() => themes.disconnect());

  let scene = null;
  const build = () => {
    scene?.close();
    root.replaceChildren(make("style", {}, CSS));
    scene = stage(model, root);
    theme();
  };
  model.on("change:meta", build);
  stops.push(() => model.off("change:meta", build), () => scene?.close());
  build();
  requestAnimationFrame(theme); // JupyterLab attaches the element after rendering it
  return () => stops.forEach((stop) => stop());
}

/** Build the viewer of one payload inside a shadow root; returns what takes it down. */
function stage(model, root) {
  const meta = model.get("meta"), words = meta.words, maps = new Maps(model);
  const aspect = meta.photo.width / meta.photo.height;
  const canvas = make("canvas", { role: "img" });
  const slider = make("input", { type: "range", min: 0, max: words.length - 1, step: 1, "aria-label": "Word" });
  const play = make("button", { type: "button", class: "play", "aria-label": "Play through the caption" });
  play.innerHTML = PLAY; // a constant of this file
  const count = make("span", { class: "count", "aria-hidden": "true" });
  const named = make("b"), heldName = make("b"), held = make("canvas", { role: "img" }); // the second is the pinned word's
  const unpin = make("button", { type: "button", class: "pin" }, "Unpin");
  const heldPlate = make("figure", {}, make("figcaption", {}, heldName, make("small", {}, "pinned"), unpin), held);
  const plates = make("div", { class: "plates" }, make("figure", {}, make("figcaption", {}, named, make("small", {}, "in hand")), canvas));
  const photo = make("div", { class: "photo" }, plates, make("div", { class: "scrub" }, play, slider, count));

  const pin = make("button", { type: "button", class: "pin", "aria-keyshortcuts": "p" });
  const said = make("div", { class: "said" }), title = make("div", { class: "of" }, meta.name);
  const fact = (name, hint) => {
    const value = make("dd"), fill = make("i"), term = make("dt", {}, name);
    return { value, fill, name: term, row: make("div", { title: hint }, term, value) };
  };
  const probability = fact("Probability", "How likely the model found this word after the words before it");
  const spread = fact("Entropy", "0 bits: one patch has all the attention. The most there can be: every patch has the same");
  const strongest = fact("Strongest", "Where the strongest patch is, and its share of this word's attention");
  const inside = fact("In the outline", "The share of this word's attention inside the object's true outline, and the object's share of the area: what an even map has inside");
  const shared = fact("Overlap", "How much of the attention of both words is on the same patches");
  const even = make("s");
  for (const each of [probability, spread, inside, shared]) each.row.append(make("div", { class: "bar", "aria-hidden": "true" }, each.fill));
  inside.fill.after(even);
  const facts = make("dl", { class: "facts" }, probability.row, spread.row, strongest.row, inside.row, shared.row);
  const note = make("p", { class: "note" }, "Given, not predicted: [BOS] has no map. This is the photograph.");
  const status = make("div", { class: "hidden", role: "status" });
  const now = make("div", { class: "now" }, title, make("div", { class: "head" }, said, pin), facts, note, status);

  const row = make("div", { class: "words", role: "radiogroup", "aria-label": "Words of the caption" });
  const buttons = words.map((word) => {
    const fill = make("i"), text = make("span", { class: word.map === null || /^\[[A-Z]+\]$/.test(word.text) ? "given" : "" }, word.text);
    fill.style.width = `${100 * (word.probability ?? 0)}%`;
    const likely = word.probability === null ? "" : `, probability ${word.probability.toFixed(2)}`;
    const button = make("button", { type: "button", role: "radio", "aria-label": word.text + likely, title: word.text + likely },
      make("canvas", { "aria-hidden": "true" }), text, make("div", { class: "bar", "aria-hidden": "true" }, fill));
    row.append(button);
    return button;
  });

  const options = (pairs) => pairs.map(([value, text]) => make("option", { value }, text));
  const number = (length) => Array.from({ length }, (_, i) => [i, `${i + 1}`]);
  const layer = make("select", { "aria-label": "Layer" }, ...options(number(maps.layers).map(([i, text]) => [i, `${text} of ${maps.layers}`])));
  const head = make("select", { "aria-label": "Head" }, ...options([[-1, "mean of heads"], ...number(maps.heads).map(([i, text]) => [i, `${text} of ${maps.heads}`])]));
  const segments = (legend, name, choices) => make("fieldset", { class: "wide" }, make("legend", {}, legend),
    make("div", { class: "segments" }, ...choices.map(([value, text]) =>
      make("label", {}, make("input", { type: "radio", name, value }), make("span", {}, text)))));
  const heat = segments("Heat", "heat", [["glow", "white glow"], ["colour", "colour"]]);
  const scale = segments("Scale", "scale", [["caption", "whole caption"], ["word", "each word"]]);
  const opacity = make("input", { type: "range", min: 0, max: 1, step: 0.02, "aria-label": "Strength" });
  const outline = make("input", { type: "checkbox" });
  const outlines = words.some((word) => word.outline) ? [make("label", { class: "wide tick" }, outline, "Outline of the object named")] : [];
  const gradient = make("canvas", { width: 256, height: 1, "aria-hidden": "true" }), most = make("span");
  const controls = make("div", { class: "controls" },
    make("label", {}, make("span", { class: "name" }, "Layer"), layer), make("label", {}, make("span", { class: "name" }, "Head"), head),
    heat, scale, make("label", { class: "wide" }, make("span", { class: "name" }, "Strength"), opacity),
    ...outlines, make("div", { class: "key wide", title: "The share of a word's attention that one patch has" }, make("span", {}, "0 %"), gradient, most));

  const viewer = make("div", { class: "viewer", role: "group", "aria-label": `Attention word by word: ${meta.caption}` }, photo, now, row, controls);
  const grid = headGrid(maps, meta, (chosenLayer, chosenHead) => { set("layer", chosenLayer); set("head", chosenHead); }, () => drawHeads());
  viewer.append(grid.box);
  viewer.style.setProperty("--aspect", aspect);
  viewer.style.setProperty("--thumb", clamp(aspect, 0.6, 2));
  root.append(viewer);

  // --- what is shown -------------------------------------------------------------------------------------------------

  const sheet = make("canvas"); // one map at a time, a few pixels per patch
  let picture = null, main = null, beside = null, small = null, field, whites, closed = false;
  const current = () => clamp(Math.round(model.get("word")), 0, words.length - 1);
  const pinned = () => clamp(Math.round(model.get("pinned") ?? -1), -1, words.length - 1);
  const mapOf = (word) => {
    const place = words[word].map;
    return place === null ? null : field.subarray(place * maps.patches, (place + 1) * maps.patches);
  };

  /** The photograph alone in a box (x, y, w, h) of some canvas, and the same with stripes over what was not seen. */
  function plate(canvas, [x, y, w, h]) {
    const [bare, striped] = [make("canvas"), make("canvas")];
    // The seen part is given as fractions; on whole pixels, or else a seam of light is left around it.
    const [left, right] = [meta.seen[0], meta.seen[2]].map((share) => Math.round(x + share * w));
    const [top, bottom] = [meta.seen[1], meta.seen[3]].map((share) => Math.round(y + share * h));
    for (const each of [bare, striped]) {
      [each.width, each.height] = [canvas.width, canvas.height];
      each.getContext("2d").drawImage(picture, x, y, w, h);
    }
    hatch(striped.getContext("2d"), [[x, y, left - x, h], [right, y, x + w - right, h],
      [left, y, right - left, top - y], [left, bottom, right - left, y + h - bottom]], w / 70);
    return { bare, striped, seen: [left, top, right - left, bottom - top] };
  }

  /** What is white in a word's map. Two words that are compared have one scale, the stronger's. */
  function white(word) {
    const place = words[word].map, other = pinned() < 0 ? null : words[pinned()].map;
    return word !== current() && word !== pinned() || other === null || words[current()].map === null ? whites[place]
      : Math.max(whites[other], whites[words[current()].map]);
  }

  /** Draw a word onto a canvas, over its plate; `fine` pixels of heat per patch. */
  function paint(target, word, { bare, striped, seen }, fine, strength = whites[words[word].map]) {
    const context = target.getContext("2d"), map = mapOf(word);
    context.clearRect(0, 0, target.width, target.height);
    context.drawImage(map === null ? bare : striped, 0, 0);
    if (map === null) return;
    const pixels = maps.image(map, strength, RAMPS[model.get("heat")] ?? RAMPS.glow, fine);
    if (sheet.width !== pixels.width || sheet.height !== pixels.height) [sheet.width, sheet.height] = [pixels.width, pixels.height];
    sheet.getContext("2d").putImageData(pixels, 0, 0);
    context.globalAlpha = model.get("opacity");
    context.drawImage(sheet, ...seen);
    context.globalAlpha = 1;
  }

  /** A word at full size with its object's outline; returns the plate, to be used again while the size stays. */
  function drawLarge(target, word, former) {
    if (picture === null || target.clientWidth === 0) return former;
    const width = Math.round(Math.min(target.clientWidth * devicePixelRatio, 1600)), height = Math.round(width / aspect);
    let background = former;
    if (background === null || target.width !== width || target.height !== height) {
      [target.width, target.height] = [width, height];
      background = plate(target, [0, 0, width, height]);
    }
    paint(target, word, background, clamp(Math.round(168 / maps.columns), 4, 24), white(word));
    if (words[word].outline && model.get("outline") !== false) trace(target.getContext("2d"), words[word].outline, width, height);
    return background;
  }

  const drawMain = () => { main = drawLarge(canvas, current(), main); };
  const drawHeld = () => { if (pinned() >= 0) beside = drawLarge(held, pinned(), beside); };

  function drawThumbs() {
    const wide = buttons[0].firstChild.clientWidth;
    if (picture === null || wide === 0) return;
    const box = clamp(aspect, 0.6, 2), width = Math.round(wide * Math.min(devicePixelRatio, 2)), height = Math.round(width / box);
    // A very wide or tall photograph is shown whole, with room above and below it or beside it.
    const [w, h] = aspect > box ? [width, width / aspect] : [height * aspect, height];
    const thumbs = buttons.map((button) => button.firstChild);
    for (const thumb of thumbs) if (thumb.width !== width || thumb.height !== height) [thumb.width, thumb.height] = [width, height];
    if (small?.bare.width !== width || small.bare.height !== height)
      small = plate(thumbs[0], [(width - w) / 2, (height - h) / 2, w, h]);
    thumbs.forEach((thumb, word) => paint(thumb, word, small, clamp(Math.round(64 / maps.columns), 2, 10)));
  }

  /** At most once per frame, since a hand asks more often than the screen can show; `all` when not only the word changed. */
  let asked = 0, everything = false;
  function draw(all) {
    everything ||= all;
    asked ||= requestAnimationFrame(() => {
      const whole = everything;
      [asked, everything] = [0, false];
      if (closed) return;
      drawMain();
      if (whole || model.get("scale") === "word") drawHeld(); // two words' common scale may be another
      if (whole) drawThumbs();
      drawHeads();
    });
  }
  const drawAll = () => draw(true);

  function drawHeads() {
    if (!grid.box.open) return;
    grid.draw(words[current()], (l, h) => [maps.view(l, h), model.get("scale") === "word" ? null : maps.white(l, h)],
      RAMPS[model.get("heat")] ?? RAMPS.glow, Number(layer.value), Number(head.value));
  }

  function tell() {
    const index = current(), word = words[index], map = mapOf(index);
    said.textContent = named.textContent = word.text;
    const other = pinned(), otherMap = other < 0 ? null : mapOf(other);
    pin.textContent = other === index ? "Pinned" : "Pin";
    pin.setAttribute("aria-pressed", other === index);
    pin.title = "Keep this word's map beside the others' (key: p)";
    pin.setAttribute("aria-label", `Pin ${word.text} to compare it with other words`);
    facts.hidden = map === null;
    note.hidden = map !== null;
    slider.value = index;
    slider.setAttribute("aria-valuetext", `${index + 1} of ${words.length}: ${word.text}`);
    count.textContent = `${index + 1} / ${words.length}`;
    buttons.forEach((button, place) => {
      button.toggleAttribute("data-pinned", place === other);
      if (button.getAttribute("aria-checked") === `${place === index}`) return;
      button.setAttribute("aria-checked", place === index);
      button.tabIndex = place === index ? 0 : -1;
    });
    let spoken = `${word.text}: the photograph`;
    if (map !== null) {
      const bits = entropy(map), limit = Math.log2(maps.patches), peak = map.indexOf(Math.max(...map));
      const down = Math.floor(peak / maps.columns), across = peak % maps.columns;
      const side = SIDES[third(down, maps.rows)][third(across, maps.columns)];
      probability.value.textContent = word.probability.toFixed(2);
      probability.fill.style.width = `${100 * word.probability}%`;
      spread.value.textContent = `${bits.toFixed(1)} of ${limit.toFixed(1)} bits`;
      spread.fill.style.width = `${(100 * bits) / (limit || 1)}%`;
      strongest.value.textContent = `${side}, ${percent(map[peak])}`;
      most.textContent = `${percent(white(index))} or more`;
      const within = word.inside?.[Number(layer.value)], only = Number(head.value);
      inside.row.hidden = !within || !outline.checked;
      shared.row.hidden = otherMap === null || other === index;
      const share = within ? (only < 0 ? sumOf(within) / within.length : within[only]) : 0;
      inside.value.textContent = `${percent(share)}, area ${percent(word.even ?? 0)}`.replaceAll(" %", "\u00a0%");
      inside.fill.style.width = `${100 * share}%`;
      even.style.left = `${100 * (word.even ?? 0)}%`;
      const common = shared.row.hidden ? 0 : overlap(map, otherMap);
      if (!shared.row.hidden) shared.name.textContent = `Overlap with ${words[other].text}`;
      shared.value.textContent = percent(common);
      shared.fill.style.width = `${100 * common}%`;
      spoken = `${word.text}: attention strongest at the ${side}, entropy ${bits.toFixed(1)} of ${limit.toFixed(1)} bits` +
        (inside.row.hidden ? "" : `, ${percent(share)} of it in the outline`) +
        (shared.row.hidden ? "" : `, overlap with ${words[other].text} ${percent(common)}`);
    }
    canvas.setAttribute("aria-label", `${meta.name ? `${meta.name}. ` : ""}${spoken}. Layer ${Number(layer.value) + 1}, ` +
      (Number(head.value) < 0 ? "mean of heads." : `head ${Number(head.value) + 1}.`));
    clearTimeout(tell.later);
    if (!model.get("playing")) tell.later = setTimeout(() => (status.textContent = spoken), 600);
  }

  function showWord() {
    tell();
    draw(false);
  }

  function showPinned() {
    const word = pinned();
    photo.classList.toggle("pair", word >= 0);
    if (word < 0) heldPlate.remove();
    else {
      plates.append(heldPlate);
      heldName.textContent = words[word].text;
      held.setAttribute("aria-label", `Pinned: ${words[word].text}`);
      unpin.setAttribute("aria-label", `Unpin ${words[word].text}`);
    }
    tell();
    drawAll();
  }

  function showView() {
    layer.value = clamp(model.get("layer"), 0, maps.layers - 1);
    head.value = clamp(model.get("head"), -1, maps.heads - 1);
    field = maps.view(Number(layer.value), Number(head.value));
    const most = maps.white(Number(layer.value), Number(head.value));
    whites = Array.from({ length: field.length / maps.patches }, (_, map) => model.get("scale") !== "word" ? most :
      Math.max(...field.subarray(map * maps.patches, (map + 1) * maps.patches)));
    for (const [group, name] of [[heat, "heat"], [scale, "scale"]])
      for (const input of group.querySelectorAll("input")) input.checked = input.value === model.get(name);
    opacity.value = model.get("opacity");
    outline.checked = model.get("outline") !== false;
    const colours = RAMPS[model.get("heat")] ?? RAMPS.glow;
    gradient.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(colours.slice().buffer), 256, 1), 0, 0);
    tell();
    drawAll();
  }

  let timer = 0;
  function showPlaying() {
    const playing = Boolean(model.get("playing"));
    play.setAttribute("aria-pressed", playing);
    clearInterval(timer);
    if (playing) timer = setInterval(() => choose((current() + 1) % words.length), model.get("interval") ?? 800);
  }

  // --- what the hand does --------------------------------------------------------------------------------------------

  let saving = 0;
  const set = (name, value) => {
    if (model.get(name) === value) return;
    model.set(name, value);
    // A kernel hears of it when the hand rests, not at every word that it passes.
    clearTimeout(saving);
    saving = setTimeout(() => model.save_changes(), 60);
  };
  const choose = (word) => set("word", clamp(word, 0, words.length - 1));
  const take = (word) => { set("playing", false); choose(word); };

  slider.addEventListener("input", () => take(Number(slider.value)));
  play.addEventListener("click", () => set("playing", !model.get("playing")));
  buttons.forEach((button, word) => {
    button.addEventListener("click", () => take(word));
    button.addEventListener("focus", () => { if (button.matches(":focus-visible")) take(word); });
  });
  // A mouse reads the words as it passes, and so does a finger; up and down it still scrolls the page. Not pointerenter,
  // which also comes when the page scrolls and words pass under a resting mouse.
  row.addEventListener("pointermove", (event) => {
    const word = buttons.indexOf(root.elementFromPoint(event.clientX, event.clientY)?.closest("button"));
    if (word >= 0) take(word);
  });
  row.addEventListener("keydown", (event) => {
    const last = words.length - 1;
    const goal = { ArrowRight: current() + 1, ArrowDown: current() + 1, ArrowLeft: current() - 1, ArrowUp: current() - 1,
      Home: 0, End: last }[event.key];
    if (goal === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    take((goal + words.length) % words.length);
    buttons[current()].focus();
  });
  layer.addEventListener("change", () => set("layer", Number(layer.value)));
  head.addEventListener("change", () => set("head", Number(head.value)));
  heat.addEventListener("change", (event) => set("heat", event.target.value));
  scale.addEventListener("change", (event) => set("scale", event.target.value));
  opacity.addEventListener("input", () => set("opacity", Number(opacity.value)));
  outline.addEventListener("change", () => set("outline", outline.checked));
  const togglePin = () => set("pinned", pinned() === current() ? -1 : current());
  pin.addEventListener("click", togglePin);
  unpin.addEventListener("click", () => {
    set("pinned", -1);
    pin.focus();
  });
  viewer.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "p" || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    togglePin();
  });

  const listeners = { word: showWord, layer: showView, head: showView, heat: showView, scale: showView, opacity: showView, outline: showView, pinned: showPinned, playing: showPlaying };
  for (const [name, listener] of Object.entries(listeners)) model.on(`change:${name}`, listener);
  const sizes = new ResizeObserver(drawAll);
  sizes.observe(canvas);
  sizes.observe(row);
  showView();
  showPinned();
  showPlaying();
  createImageBitmap(new Blob([bytesOf(model.get("image"))], { type: "image/jpeg" })).then((bitmap) => {
    picture = bitmap;
    drawAll();
  });
  return {
    close() {
      closed = true;
      sizes.disconnect();
      clearInterval(timer);
      clearTimeout(tell.later);
      for (const [name, listener] of Object.entries(listeners)) model.off(`change:${name}`, listener);
    },
  };
}

/** Every layer (rows) and head (columns, the mean first) for one word: made when it is first opened, drawn while it is open. */
function headGrid(maps, meta, choose, opened) {
  const { layers, heads, rows, columns } = maps;
  const box = make("details", { class: "heads" }, make("summary", {}, `All ${layers} layers and ${heads} heads at once`));
  const pixels = new ImageData(columns, rows), out = new Uint32Array(pixels.data.buffer), cells = [];
  const [left, top, right, bottom] = meta.seen;

  function build() {
    const head = (h) => (h < 0 ? "mean of heads" : `head ${h + 1}`);
    const matrix = make("div", { class: "matrix", role: "radiogroup", "aria-label": "Layer and head" });
    matrix.style.setProperty("--heads", heads);
    matrix.style.setProperty("--cell", `${clamp(Math.floor(560 / (heads + 1)), 24, 52)}px`);
    matrix.style.setProperty("--part", ((right - left) * meta.photo.width) / ((bottom - top) * meta.photo.height));
    const label = (text, name = "") => make("span", { class: name, "aria-hidden": "true" }, text);
    matrix.append(label(""), label("mean"), label(""), ...Array.from({ length: heads }, (_, h) => label(`${h + 1}`)));
    for (let l = 0; l < layers; l++) {
      matrix.append(label(`${l + 1}`, "layer"));
      for (let h = -1; h < heads; h++) {
        const canvas = make("canvas", { width: columns, height: rows, "aria-hidden": "true" }), name = `layer ${l + 1}, ${head(h)}`;
        const button = make("button", { type: "button", role: "radio", "aria-label": name, title: name }, canvas);
        button.addEventListener("click", () => choose(l, h));
        cells.push({ l, h, button, context: canvas.getContext("2d", { willReadFrequently: true }) });
        matrix.append(button, ...(h < 0 ? [label("")] : []));
      }
    }
    matrix.addEventListener("keydown", (event) => {
      const at = cells.find(({ button }) => button === event.target);
      const [down, across] = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, -heads - 1],
        End: [0, heads + 1] }[event.key] ?? [];
      if (at === undefined || down === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const [l, h] = [clamp(at.l + down, 0, layers - 1), clamp(at.h + across, -1, heads - 1)];
      choose(l, h);
      cells[l * (heads + 1) + h + 1].button.focus();
    });
    box.append(matrix);
  }

  box.addEventListener("toggle", () => {
    if (box.open && !cells.length) build();
    opened();
  });
  return {
    box,
    /** `view(l, h)`: the maps of a view, and what is white in them (null: each map's own peak). */
    draw(word, view, colours, layer, head) {
      for (const { l, h, button, context } of cells) {
        const here = l === layer && h === head;
        if (button.tabIndex !== (here ? 0 : -1) || !button.hasAttribute("aria-checked")) {
          button.tabIndex = here ? 0 : -1;
          button.setAttribute("aria-checked", here);
        }
        if (word.map === null) {
          context.clearRect(0, 0, columns, rows);
          continue;
        }
        const [field, shared] = view(l, h), map = field.subarray(word.map * maps.patches, (word.map + 1) * maps.patches);
        const white = shared ?? Math.max(...map);
        for (let p = 0; p < out.length; p++) out[p] = colours[Math.min(255, Math.round((255 * map[p]) / white))];
        context.putImageData(pixels, 0, 0);
      }
    },
  };
}

/** The outline of an object, light over dark, so that it is seen on any photograph and any heat. */
function trace(context, rings, width, height) {
  const path = new Path2D();
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) path[i ? "lineTo" : "moveTo"](ring[i] * width, ring[i + 1] * height);
    path.closePath();
  }
  const unit = Math.max(1, width / 420);
  context.save();
  context.lineJoin = "round";
  for (const [colour, wide] of [["rgb(6 24 28 / 0.75)", 4], ["#45e0cf", 1.8]]) {
    context.strokeStyle = colour;
    context.lineWidth = wide * unit;
    context.stroke(path);
  }
  context.restore();
}

const third = (cell, cells) => Math.min(2, Math.floor(((cell + 0.5) / cells) * 3));

/** Stripes over what the model did not see. */
function hatch(context, boxes, step) {
  const path = new Path2D();
  const wide = boxes.filter(([, , w, h]) => w > 0.5 && h > 0.5);
  if (!wide.length) return;
  for (const box of wide) path.rect(...box);
  context.save();
  context.clip(path);
  const { width, height } = context.canvas;
  context.fillStyle = "rgb(34 36 41 / 0.86)";
  context.fillRect(0, 0, width, height);
  context.strokeStyle = "rgb(255 255 255 / 0.2)";
  context.lineWidth = Math.max(1, step / 6);
  context.beginPath();
  for (let x = -height; x < width; x += Math.max(6, step)) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}

// --- a static page ---------------------------------------------------------------------------------------------------

/** A model without a kernel: the payload's values, and listeners by name, as anywidget's model has them. */
function shim(values) {
  const listeners = new Map();
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const listener of listeners.get(`change:${name}`) ?? []) listener();
    },
    on: (event, listener) => listeners.set(event, [...(listeners.get(event) ?? []), listener]),
    off: (event, listener) => listeners.set(event, (listeners.get(event) ?? []).filter((each) => each !== listener)),
    save_changes() {},
  };
}

/** Bring every viewer on the page to life that is not alive yet; safe to call again. */
function mountAll(page = document) {
  for (const el of page.querySelectorAll("[data-hw3-viewer]:not([data-hw3-alive])")) {
    el.setAttribute("data-hw3-alive", "");
    const values = JSON.parse(el.querySelector('script[type="application/json"]').textContent);
    for (const name of ["image", "maps", "peaks"]) values[name] = Uint8Array.from(atob(values[name]), (letter) => letter.charCodeAt(0));
    el.querySelector("[data-hw3-fallback]")?.remove();
    render({ model: shim(values), el });
  }
}

export { mountAll, render };
export default { render };
