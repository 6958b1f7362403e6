"use strict";
(() => {
  const root = document.documentElement;
  // A browser may refuse storage to a page opened from disk: the choice then lasts as long as the page.
  const memory = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* not kept */ } },
  };

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const saved = memory.get("hw3-theme");
  if (saved === "dark" || saved === "light") root.dataset.theme = saved;
  document.getElementById("theme").addEventListener("click", () => {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    memory.set("hw3-theme", root.dataset.theme);
  });

  const code = document.getElementById("show-code");
  code.addEventListener("click", () => {
    const open = code.getAttribute("aria-pressed") !== "true";
    code.setAttribute("aria-pressed", String(open));
    document.querySelectorAll("details.code").forEach((each) => { each.open = open; });
  });

  // On a phone the contents start folded: they would fill the first screen.
  const contents = document.querySelector(".contents details");
  if (matchMedia("(max-width: 63.99rem)").matches) contents.open = false;

  // A link into a folded run unfolds it; paper shows every run.
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const run = target && target.closest("details.run");
    if (run && !run.open) { run.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", unfold);
  unfold();
  addEventListener("beforeprint", () => document.querySelectorAll("details.run").forEach((each) => { each.open = true; }));

  // Mark in the contents where the reader is.
  const links = new Map([...document.querySelectorAll(".contents a")].map((each) => [each.hash.slice(1), each]));
  const places = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  let here = null;
  const mark = () => {
    const above = places.filter((each) => each.getBoundingClientRect().top < innerHeight * 0.3);
    const link = above.length ? links.get(above[above.length - 1].id) : null;
    if (link === here) return;
    if (here) here.classList.remove("here");
    here = link;
    if (here) here.classList.add("here");
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mark(); });
  }, { passive: true });
  mark();
})();
