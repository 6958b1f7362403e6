// @ts-check
/** The style of a gallery, after that of a viewer, whose variables and parts it uses. */
export const GALLERY_CSS = `
.gallery { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; padding: 16px; border: 1px solid var(--v-line); border-radius: 14px;
  background: var(--v-bg); color: var(--v-ink); font-family: var(--jp-ui-font-family, inherit); font-size: 14px;
  line-height: 1.35; text-align: left; }
.gallery [hidden] { display: none; }
.filters { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: end; }
.filters label { display: grid; gap: 2px; flex: 1 1 130px; min-width: 0; max-width: 240px; font-size: 13px; }
.filters label:nth-last-child(2) { flex-basis: 260px; max-width: 320px; }
.filters input { font: inherit; color: inherit; width: 100%; height: 30px; padding: 0 8px; border: 1px solid var(--v-line);
  border-radius: 7px; background: var(--v-bg); }
.steps { display: flex; gap: 8px; align-items: center; flex: 2 1 260px; min-width: 0; }
.steps b { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.foot { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; justify-content: space-between; min-height: 30px; }
.foot .pin { text-decoration: none; line-height: 28px; }
.found { margin: 0; color: var(--v-quiet); font-size: 13px; }
.gallery .note { margin: 0; }
.gallery .note:empty { display: none; }
.cards { height: min(680px, 82vh); overflow-y: auto; overflow-x: hidden; border-top: 1px solid var(--v-line); padding: 0 3px; }
.sheet { position: relative; margin-top: 8px; }
.slot { position: absolute; top: 0; left: 0; width: calc(100% / var(--columns)); padding: 2px 5px; }
.card { display: grid; grid-template-columns: 124px minmax(0, 1fr); gap: 10px; padding: 8px; border-radius: 10px;
  border: 1px solid var(--v-line); align-items: start; }
.card .open { display: block; padding: 0; border: 0; border-radius: 7px; background: var(--v-soft); cursor: pointer; }
.card .open:hover { box-shadow: 0 0 0 2px var(--v-accent); }
.card img { display: block; width: 100%; height: 124px; object-fit: contain; border-radius: 7px; }
.captions { display: grid; grid-template-columns: minmax(0, 1fr); gap: 5px; }
.captions .image { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
.whose { display: flex; flex-wrap: wrap; gap: 0 8px; height: 32px; align-items: baseline; font-size: 12px; line-height: 16px;
  overflow: hidden; white-space: nowrap; }
.whose b { flex: 0 1 auto; max-width: 60%; overflow: hidden; text-overflow: ellipsis; font-weight: 600; color: var(--v-quiet); }
.whose .scores { flex: 0 1 100%; order: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; color: var(--v-quiet); font-variant-numeric: tabular-nums; }
.whose em { flex: 1 1 0; min-width: 0; overflow: hidden; text-overflow: ellipsis; font-style: normal; font-weight: 600;
  color: var(--v-wrong); }
:host { --v-wrong: #a8450d; --v-theirs: #d9e6ff; }
:host([data-theme="dark"]) { --v-wrong: #ffb088; --v-theirs: #2b3c66; }
.saying p { margin: 0; }
.card .saying p { height: 2.7em; overflow: hidden; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; }
mark { background: var(--v-theirs); color: inherit; border-radius: 3px; }
.opened { display: grid; grid-template-columns: minmax(0, 1fr); gap: 14px; }
.opened img { display: block; width: min(100%, 360px); margin: 0 auto; border-radius: 8px; }
.opened .viewer { border: 0; padding: 0; }
.both { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 8px; }
.both > div { padding: 6px 10px; border: 1px solid var(--v-line); border-radius: 9px; cursor: pointer; }
.both > [aria-checked="true"] { border-color: var(--v-accent); box-shadow: inset 0 0 0 1px var(--v-accent); }
.written { font-size: 13px; color: var(--v-quiet); }
.written ul { margin: 4px 0 0; padding-inline-start: 18px; }
@container (max-width: 640px) {
  .gallery { padding: 10px; border-radius: 12px; }
  .card { grid-template-columns: 84px minmax(0, 1fr); }
  .card img { height: 84px; }
  .filters label { flex-basis: 120px; max-width: none; }
}
`;
