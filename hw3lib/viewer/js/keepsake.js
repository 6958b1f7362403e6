// @ts-check
/** What one takes along: the current word's picture as a file, and a link that opens the view. */

import { addressOf } from "./address.js";
import { make } from "./base.js";

/** @import { Meta } from "./base.js" */
/** @import { Painter } from "./painter.js" */
/** @import { Selection } from "./selection.js" */

const READ_AFTER = 10_000; // ms that the browser has to read the file

export class Keepsake {
  /**
   * @param {Selection} selection
   * @param {Painter} painter
   * @param {Meta} meta
   */
  constructor(selection, painter, meta) {
    this.selection = selection;
    this.painter = painter;
    this.name = meta.name;
    this.link = make("a", { class: "pin" }, "Link to this view");
    const save = make("button", { type: "button", class: "pin" }, "Save picture");
    save.title = "This word's map at the photograph's own size, as PNG";
    save.addEventListener("click", () => this.save());
    this.element = make("div", { class: "keepsake wide" }, save);
    if (selection.address) this.element.append(this.link);
  }

  describe() {
    if (this.selection.address) this.link.href = `#${addressOf(this.selection.model)}`;
  }

  save() {
    if (this.painter.picture === null) return;
    const { words, word } = this.selection;
    const name = `${this.name} ${word + 1} ${words[word].text}`
      .replace(/[^\p{L}\p{M}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "");
    this.painter.whole(word).toBlob((blob) => {
      if (blob === null) return;
      const url = URL.createObjectURL(blob);
      make("a", { href: url, download: `${name}.png` }).click();
      setTimeout(() => URL.revokeObjectURL(url), READ_AFTER);
    }, "image/png");
  }
}
