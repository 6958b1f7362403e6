// @ts-check
/** What one takes along: a word's picture, the caption played through as an animation, and a link that opens the view. */

import { addressOf } from "./address.js";
import { make } from "./base.js";
import { contextOf } from "./draw.js";
import { animation } from "./webp.js";

/** @import { Side } from "./side.js" */

const READ_AFTER = 10_000; // ms that the browser has to read the file
const WIDTH = [720, 540]; // px of a picture in the animation, alone and beside another: legible on a slide
const TALLEST = 800;
const BAND = 80; // px below it, for the word
const GAP = 12; // px between two sides
const SPEED = 700; // ms for a word

export class Keepsake {
  /**
   * @param {() => Side[]} sides those that are shown, the first one leading
   * @param {(word: number) => number[]} wordsAt each side's word that goes with a word of the first
   */
  constructor(sides, wordsAt) {
    this.sides = sides;
    this.wordsAt = wordsAt;
    const [{ selection, meta }] = sides();
    this.selection = selection;
    this.name = meta.name;
    this.link = make("a", { class: "pin" }, "Link to this view");
    const save = make("button", { type: "button", class: "pin" }, "Save picture");
    save.title = "This word's map at the photograph's own size, as PNG";
    save.addEventListener("click", () => this.save());
    this.play = make("button", { type: "button", class: "pin" }, "Save animation");
    this.play.title = "The caption word by word, for slides: an animated WebP that plays for ever";
    this.play.addEventListener("click", () => this.animate());
    this.note = make("small", { role: "status" });
    const link = selection.address ? [this.link] : [];
    this.element = make("div", { class: "keepsake wide" }, save, this.play, ...link, this.note);
  }

  describe() {
    if (this.selection.address) this.link.href = `#${addressOf(this.selection.model)}`;
  }

  get ready() {
    return this.sides().every((side) => side.painter.picture !== null);
  }

  save() {
    if (!this.ready) return;
    const { words, word } = this.selection;
    const { painter } = this.sides()[0];
    painter.whole(word, painter.size.width).toBlob((blob) => {
      if (blob) download(blob, `${this.name} ${word + 1} ${words[word].text}`, "png");
    }, "image/png");
  }

  async animate() {
    if (!this.ready || this.play.disabled) return;
    this.play.disabled = true;
    this.note.textContent = "";
    try {
      const blob = await animation(this.frames(), SPEED);
      download(blob, [...new Set(this.sides().flatMap(({ meta }) => [meta.name, meta.run ?? ""]))].join(" "), "webp");
    } catch (error) {
      this.note.textContent = `No animation: ${/** @type {Error} */ (error).message}.`;
    }
    this.play.disabled = false;
  }

  /** The caption word by word: the map over the photograph, the word below it; two sides beside each other. */
  *frames() {
    const sides = this.sides();
    const room = WIDTH[sides.length - 1];
    const heights = sides.map(({ painter }) => Math.min(TALLEST, Math.round(room / painter.aspect)));
    const height = Math.max(...heights);
    for (const word of this.selection.words.keys()) {
      const canvas = make("canvas", { width: sides.length * (room + GAP) - GAP, height: height + BAND });
      const context = contextOf(canvas, { alpha: false });
      context.fillStyle = "#ffffff";
      context.fillRect(0, 0, canvas.width, canvas.height);
      for (const [place, index] of this.wordsAt(word).entries()) {
        const { painter, plates, meta } = sides[place];
        const picture = painter.whole(index, Math.min(room, Math.round(heights[place] * painter.aspect)));
        const middle = place * (room + GAP) + room / 2;
        context.drawImage(picture, middle - picture.width / 2, height - picture.height);
        const whose = sides.length > 1 ? (plates.whose.textContent ?? "") : "";
        write(context, meta.words[index].text, middle, height + (whose ? 30 : 40), 44, room);
        write(context, whose, middle, height + 66, 20, room);
      }
      yield canvas;
    }
  }
}

/**
 * A line of text around a place, small enough for its side.
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {number} size px
 * @param {number} room px
 */
function write(context, text, x, y, size, room) {
  Object.assign(context, { fillStyle: "#1c1d21", textAlign: "center", textBaseline: "middle" });
  const font = (/** @type {number} */ px) => `${size > 20 ? 600 : 400} ${px}px "hw3 cjk", system-ui, sans-serif`;
  context.font = font(size);
  context.font = font(size * Math.min(1, (room - 24) / context.measureText(text).width));
  context.fillText(text, x, y);
}

/**
 * @param {Blob} blob
 * @param {string} name of the file, in words
 * @param {string} ending
 */
function download(blob, name, ending) {
  const stem = name.replace(/[^\p{L}\p{M}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: `${stem}.${ending}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), READ_AFTER);
}
