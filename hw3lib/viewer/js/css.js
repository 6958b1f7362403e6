// @ts-check
/** The style of a viewer, inside its shadow root; colours come from the page where it names them (`--hw3-*`, `--jp-*`). */
export const CSS = `
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
.photo.pair, .two .photo { width: min(100%, calc(860px * var(--aspect) + 12px)); }
.plates { display: grid; gap: 12px; }
.plates .plates { display: contents; }
.two .plates figure + figure { order: 1; }
.two .plates canvas { width: min(100%, calc(430px * var(--aspect))); }
.viewer.two { grid-template-columns: repeat(2, minmax(0, 1fr)) 244px; grid-template-rows: auto 1fr auto auto auto;
  grid-template-areas: "photo photo controls" "now other controls" "words words words" "more more more" "heads heads heads"; }
.two .now + .now { grid-area: other; }
.two .words + .words { grid-area: more; }
.two .words::before { content: attr(data-of); grid-column: 1 / -1; color: var(--v-quiet); font-size: 13px; }
.two .controls { align-self: start; border-top: 0; padding-top: 0; }
.pair .plates, .two .plates { grid-template-columns: repeat(2, minmax(0, 1fr)); }
.plates figure { margin: 0; min-width: 0; }
.plates figcaption { display: none; gap: 8px; align-items: baseline; min-height: 28px; padding-bottom: 4px; font-size: 14px; }
.pair figcaption, .two figcaption { display: flex; }
.plates .pin { margin-left: auto; align-self: center; min-height: 24px; padding: 0 9px; }
.plates b { font-weight: 600; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.plates small { flex: 0 1 auto; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 13px; color: var(--v-quiet); }
.scrub { display: flex; align-items: center; gap: 10px; margin-top: 10px; }
.scrub input { flex: 1; min-width: 0; }
.count { color: var(--v-quiet); font-size: 13px; font-variant-numeric: tabular-nums; min-width: 4.6ch; text-align: end; }
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
.said:dir(rtl) { letter-spacing: 0; line-height: 1.4; }
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
.controls [hidden] { display: none; }
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
.keepsake { display: flex; flex-wrap: wrap; gap: 8px; }
.keepsake .pin { text-decoration: none; line-height: 28px; }
.key { display: grid; grid-template-columns: auto 1fr auto; gap: 8px; align-items: center; color: var(--v-quiet); }
.photo canvas.hides { cursor: crosshair; }
.key canvas { width: 100%; height: 8px; border-radius: 4px; border: 1px solid var(--v-line); }
.words { grid-area: words; display: grid; gap: 8px 8px; border-top: 1px solid var(--v-line); padding-top: 14px;
  grid-template-columns: repeat(auto-fill, minmax(94px, 1fr)); touch-action: pan-y; }
.words button { display: block; min-width: 0; padding: 4px 4px 5px; border: 0; border-radius: 9px; background: none;
  color: inherit; font: inherit; text-align: start; cursor: pointer; user-select: none; -webkit-user-select: none; }
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
  .photo.pair, .two .photo { width: min(100%, calc(250px * var(--aspect))); }
  .pair .plates, .two .plates { grid-template-columns: minmax(0, 1fr); gap: 6px; }
  .viewer.two { grid-template-columns: minmax(0, 1fr); grid-template-rows: none;
    grid-template-areas: "photo" "now" "other" "words" "more" "controls" "heads"; }
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
