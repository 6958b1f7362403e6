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

// A link into a folded run unfolds it; a viewer's view (#figure-18-word-6?layer=0) stands in its figure, as does a
// gallery's (#figure-12?sort=CIDEr).
function unfoldTarget() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = document.getElementById(id) ?? document.getElementById(id.replace(/(-word-\d+|\?).*$/, ""));
  const run = target?.closest("details.run:not([open])");
  if (!run) return;
  run.setAttribute("open", "");
  target?.scrollIntoView();
}

/**
 * At most once per frame.
 * @param {() => void} work
 */
function eachFrame(work) {
  let frame = 0;
  return () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      work();
    });
  };
}

// Mark in the contents where the reader is.
function markPlace() {
  const contents = /** @type {HTMLElement} */ (document.querySelector(".contents"));
  const links = [...contents.querySelectorAll("a")];
  const linkOf = new Map(links.map((link) => [link.hash.slice(1), link]));
  const places = [...linkOf.keys()].map((id) => document.getElementById(id)).filter((place) => place !== null);
  /** @type {HTMLAnchorElement | undefined} */
  let marked;
  const mark = () => {
    const above = places.filter((place) => place.getBoundingClientRect().top < innerHeight * 0.3);
    const link = linkOf.get(above.at(-1)?.id ?? "");
    if (link === marked) return;
    marked?.removeAttribute("aria-current");
    link?.setAttribute("aria-current", "location");
    marked = link;
    if (link) contents.scrollTop = link.offsetTop - contents.clientHeight / 2;
  };
  addEventListener("scroll", eachFrame(mark), { passive: true });
  mark();
}

// Another width sets every line anew: the block at the top of the window stays there. In a wide window the contents
// stand beside the text and are open; in a narrow one they would fill the first screen, and start folded.
function keepPlace() {
  const blocks = [...document.querySelectorAll("main > section > *, details.run > *")];
  const bar = document.querySelector(".bar")?.clientHeight ?? 0;
  /** @type {Element | undefined} */
  let block;
  let top = 0;
  const note = () => {
    block = scrollY > 0 ? blocks.find((each) => each.getBoundingClientRect().bottom > bar) : undefined;
    top = block?.getBoundingClientRect().top ?? 0;
  };
  const restore = () => {
    if (block) scrollBy({ top: block.getBoundingClientRect().top - top, behavior: "instant" });
  };
  const wide = matchMedia("(min-width: 64rem)");
  const foldContents = () => {
    fold(".contents details", wide.matches);
    restore();
  };
  foldContents();
  wide.addEventListener("change", foldContents);
  addEventListener("resize", restore);
  addEventListener("scroll", eachFrame(note), { passive: true });
}

// What scrolls by itself can be reached with the keyboard, and says what it is; what does not is no stop.
function nameScrollers() {
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const scrolls = target.scrollWidth > target.clientWidth;
      const label = target.closest("[data-label]")?.getAttribute("data-label") ?? "Text";
      for (const [name, value] of Object.entries({ tabindex: "0", role: "group", "aria-label": label }))
        if (scrolls) target.setAttribute(name, value);
        else target.removeAttribute(name);
    }
  });
  for (const scroller of document.querySelectorAll(".wide, pre")) sizes.observe(scroller);
}

followTheme();
toggleCode();
keepPlace();
addEventListener("hashchange", unfoldTarget);
unfoldTarget();
markPlace();
nameScrollers();
