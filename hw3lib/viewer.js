/* The attention viewer: a photograph, its caption as a row of words, and the map of the word in hand.
 *
 * One module, two homes. In JupyterLab it is the `_esm` of an anywidget (the default export); in a static page it is an
 * inlined module script followed by `mountAll();`, which finds the payloads on the page and gives each a model with the
 * same get/set/on as a live one. No dependency, no network. Everything in the payload is data: it reaches the page as
 * textContent and pixels, never as markup.
 *
 * Payload (see viewer.py): `meta` (words, grid, layers, heads, photo, seen), `image` (JPEG), `maps` (uint8, words with a
 * map x layers x heads x patches), `peaks` (float32, one per map): a value is (byte / 255)^2 * peak.
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
  grid-template-areas: "photo now" "photo controls" "words words"; grid-template-rows: auto 1fr auto;
  padding: 16px; border: 1px solid var(--v-line); border-radius: 14px; background: var(--v-bg); color: var(--v-ink);
  font-family: var(--jp-ui-font-family, inherit); font-size: 15px; line-height: 1.4; text-align: left; }
.photo { grid-area: photo; min-width: 0; margin: 0 auto; width: min(100%, calc(430px * var(--aspect))); }
.photo canvas { display: block; width: 100%; aspect-ratio: var(--aspect); border-radius: 8px; background: var(--v-soft); }
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
.said { font-size: 27px; line-height: 1.15; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
.facts { margin: 10px 0 0; display: grid; gap: 9px; font-size: 13px; }
.facts > div { display: grid; grid-template-columns: 1fr auto; gap: 1px 8px; }
.facts dt { color: var(--v-quiet); }
.facts dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
.bar { grid-column: 1 / -1; height: 4px; border-radius: 2px; background: var(--v-soft); overflow: hidden; }
.bar i { display: block; height: 100%; width: 0; border-radius: 2px; background: var(--v-accent); }
.note { margin: 10px 0 0; font-size: 13px; color: var(--v-quiet); }
.controls { grid-area: controls; align-self: end; display: grid; gap: 10px; grid-template-columns: 4fr 6fr; font-size: 13px;
  border-top: 1px solid var(--v-line); padding-top: 12px; }
.controls label, .controls fieldset { display: grid; gap: 3px; min-width: 0; margin: 0; padding: 0; border: 0; }
.controls .wide { grid-column: 1 / -1; }
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
.words .given { color: var(--v-quiet); }
.words .bar { height: 2px; margin: 0 1px; }
.words .bar i { background: var(--v-quiet); }
.words button[aria-checked="true"] { background: var(--v-accent); color: var(--v-on-accent); }
.words button[aria-checked="true"] .given { color: inherit; }
.words button[aria-checked="true"] .bar { background: rgb(128 128 128 / 0.4); }
.words button[aria-checked="true"] .bar i { background: var(--v-on-accent); }
:focus-visible, .segments input:focus-visible + span { outline: 2px solid var(--v-accent); outline-offset: 2px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@container (max-width: 640px) {
  .viewer { grid-template-columns: minmax(0, 1fr); grid-template-areas: "photo" "now" "words" "controls";
    grid-template-rows: none; padding: 12px; border-radius: 12px; }
  .photo { width: min(100%, calc(340px * var(--aspect))); }
  .said { font-size: 23px; min-height: 1.15em; }
  .facts { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 12px; }
  .facts > div { grid-template-columns: 1fr; align-content: start; }
  .facts dd { text-align: left; }
  .words { grid-template-columns: repeat(auto-fill, minmax(72px, 1fr)); gap: 6px 4px; }
  .play { width: 40px; height: 40px; }
}
@media print { .scrub, .controls { display: none; } .viewer { grid-template-areas: "photo now" "words words"; } }
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
  const sum = map.reduce((total, value) => total + value, 0);
  return map.reduce((bits, value) => (value > 0 ? bits - (value / sum) * Math.log2(value / sum) : bits), 0);
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
  const photo = make("div", { class: "photo" }, canvas, make("div", { class: "scrub" }, play, slider, count));

  const said = make("div", { class: "said" }), title = make("div", { class: "of" }, meta.name);
  const fact = (name, hint) => {
    const value = make("dd"), fill = make("i");
    return { value, fill, row: make("div", { title: hint }, make("dt", {}, name), value) };
  };
  const probability = fact("Probability", "How likely the model found this word after the words before it");
  const spread = fact("Entropy", "0 bits: one patch has all the attention. The most there can be: every patch has the same");
  const strongest = fact("Strongest", "Where the strongest patch is, and its share of this word's attention");
  for (const each of [probability, spread]) each.row.append(make("div", { class: "bar", "aria-hidden": "true" }, each.fill));
  const facts = make("dl", { class: "facts" }, probability.row, spread.row, strongest.row);
  const note = make("p", { class: "note" }, "Given, not predicted: [BOS] has no map. This is the photograph.");
  const status = make("div", { class: "hidden", role: "status" });
  const now = make("div", { class: "now" }, title, said, facts, note, status);

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
  const gradient = make("canvas", { width: 256, height: 1, "aria-hidden": "true" }), most = make("span");
  const controls = make("div", { class: "controls" },
    make("label", {}, make("span", { class: "name" }, "Layer"), layer), make("label", {}, make("span", { class: "name" }, "Head"), head),
    heat, scale, make("label", { class: "wide" }, make("span", { class: "name" }, "Strength"), opacity),
    make("div", { class: "key wide", title: "The share of a word's attention that one patch has" }, make("span", {}, "0 %"), gradient, most));

  const viewer = make("div", { class: "viewer", role: "group", "aria-label": `Attention word by word: ${meta.caption}` }, photo, now, row, controls);
  viewer.style.setProperty("--aspect", aspect);
  viewer.style.setProperty("--thumb", clamp(aspect, 0.6, 2));
  root.append(viewer);

  // --- what is shown -------------------------------------------------------------------------------------------------

  const sheet = make("canvas"); // one map at a time, a few pixels per patch
  let picture = null, main = null, small = null, field, whites, closed = false;
  const current = () => clamp(Math.round(model.get("word")), 0, words.length - 1);
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

  /** Draw a word onto a canvas, over its plate; `fine` pixels of heat per patch. */
  function paint(target, word, { bare, striped, seen }, fine) {
    const context = target.getContext("2d"), map = mapOf(word);
    context.clearRect(0, 0, target.width, target.height);
    context.drawImage(map === null ? bare : striped, 0, 0);
    if (map === null) return;
    const pixels = maps.image(map, whites[words[word].map], RAMPS[model.get("heat")] ?? RAMPS.glow, fine);
    if (sheet.width !== pixels.width || sheet.height !== pixels.height) [sheet.width, sheet.height] = [pixels.width, pixels.height];
    sheet.getContext("2d").putImageData(pixels, 0, 0);
    context.globalAlpha = model.get("opacity");
    context.drawImage(sheet, ...seen);
    context.globalAlpha = 1;
  }

  function drawMain() {
    if (picture === null || canvas.clientWidth === 0) return;
    const width = Math.round(Math.min(canvas.clientWidth * devicePixelRatio, 1600)), height = Math.round(width / aspect);
    if (main === null || canvas.width !== width || canvas.height !== height) {
      [canvas.width, canvas.height] = [width, height];
      main = plate(canvas, [0, 0, width, height]);
    }
    paint(canvas, current(), main, clamp(Math.round(168 / maps.columns), 4, 24));
  }

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

  /** At most once per frame, since a slider asks more often than the screen can show. */
  let asked = 0;
  const drawAll = () => (asked ||= requestAnimationFrame(() => { asked = 0; if (!closed) { drawMain(); drawThumbs(); } }));

  function tell() {
    const index = current(), word = words[index], map = mapOf(index);
    said.textContent = word.text;
    facts.hidden = map === null;
    facts.style.display = map === null ? "none" : "";
    note.hidden = map !== null;
    slider.value = index;
    slider.setAttribute("aria-valuetext", `${index + 1} of ${words.length}: ${word.text}`);
    count.textContent = `${index + 1} / ${words.length}`;
    buttons.forEach((button, place) => {
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
      most.textContent = `${percent(whites[word.map])} or more`;
      spoken = `${word.text}: attention strongest at the ${side}, entropy ${bits.toFixed(1)} of ${limit.toFixed(1)} bits`;
    }
    canvas.setAttribute("aria-label", `${meta.name ? `${meta.name}. ` : ""}${spoken}. Layer ${Number(layer.value) + 1}, ` +
      (Number(head.value) < 0 ? "mean of heads." : `head ${Number(head.value) + 1}.`));
    clearTimeout(tell.later);
    if (!model.get("playing")) tell.later = setTimeout(() => (status.textContent = spoken), 600);
  }

  function showWord() {
    tell();
    drawMain();
  }

  function showView() {
    layer.value = clamp(model.get("layer"), 0, maps.layers - 1);
    head.value = clamp(model.get("head"), -1, maps.heads - 1);
    field = maps.view(Number(layer.value), Number(head.value));
    const shared = quantile(field, 0.99); // of the whole caption, as figures_attention.WHITE
    whites = Array.from({ length: field.length / maps.patches }, (_, map) => model.get("scale") !== "word" ? shared :
      Math.max(...field.subarray(map * maps.patches, (map + 1) * maps.patches)));
    for (const [group, name] of [[heat, "heat"], [scale, "scale"]])
      for (const input of group.querySelectorAll("input")) input.checked = input.value === model.get(name);
    opacity.value = model.get("opacity");
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

  const listeners = { word: showWord, layer: showView, head: showView, heat: showView, scale: showView, opacity: showView, playing: showPlaying };
  for (const [name, listener] of Object.entries(listeners)) model.on(`change:${name}`, listener);
  const sizes = new ResizeObserver(drawAll);
  sizes.observe(canvas);
  sizes.observe(row);
  showView();
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
