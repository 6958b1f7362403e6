// @ts-check
// The report's page: theme, code cells, folded runs, and the place of the reader in the contents.
"use strict";

// A browser may refuse storage to a page opened from disk: the choice then lasts as long as the page.
const memory = {
  /** @param {string} key */
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  /** @param {string} key @param {string} value */
  set(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // not kept
    }
  },
};

function followTheme() {
  const { dataset } = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const saved = memory.get("hw3-theme");
  if (saved === "dark" || saved === "light") dataset.theme = saved;
  document.getElementById("theme")?.addEventListener("click", () => {
    const theme = dataset.theme || (dark.matches ? "dark" : "light");
    dataset.theme = theme === "dark" ? "light" : "dark";
    memory.set("hw3-theme", dataset.theme);
  });
}

/** @param {string} selector @param {boolean} open */
function fold(selector, open) {
  for (const details of document.querySelectorAll(selector)) details.toggleAttribute("open", open);
}

function toggleCode() {
  const button = document.getElementById("show-code");
  button?.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(open));
    fold("details.code", open);
  });
}

// A link into a folded run unfolds it.
function unfoldTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const run = target?.closest("details.run:not([open])");
  if (!run) return;
  run.setAttribute("open", "");
  target?.scrollIntoView();
}

// Mark in the contents where the reader is.
function markPlace() {
  const links = [...document.querySelectorAll(".contents a")].map((link) => /** @type {HTMLAnchorElement} */ (link));
  const linkOf = new Map(links.map((link) => [link.hash.slice(1), link]));
  const places = [...linkOf.keys()].map((id) => document.getElementById(id)).filter((place) => place !== null);
  /** @type {HTMLAnchorElement | undefined} */
  let marked;
  const mark = () => {
    const above = places.filter((place) => place.getBoundingClientRect().top < innerHeight * 0.3);
    const link = linkOf.get(above.at(-1)?.id ?? "");
    if (link === marked) return;
    marked?.classList.remove("here");
    link?.classList.add("here");
    marked = link;
  };
  let frame = 0;
  const later = () => {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      mark();
    });
  };
  addEventListener("scroll", later, { passive: true });
  mark();
}

followTheme();
toggleCode();
// On a phone the contents start folded: they would fill the first screen.
if (matchMedia("(max-width: 63.99rem)").matches) fold(".contents details", false);
addEventListener("hashchange", unfoldTarget);
unfoldTarget();
addEventListener("beforeprint", () => fold("details.run", true)); // paper shows every run
markPlace();
