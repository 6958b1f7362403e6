// @ts-check
/** An animated WebP of pictures that the browser encodes one by one: Google's WebP container (RIFF, VP8X, ANIM, ANMF). */

const ANIMATED = 0x02; // of VP8X's flags
const WHOLE = 0x02; // of a frame's: it replaces what was there, nothing shines through
const PICTURE = new Set(["ALPH", "VP8 ", "VP8L"]); // the chunks of a file that are the picture itself
const QUALITY = 0.75;

/**
 * A whole number of so many bytes, the least significant first.
 * @param {number} value
 * @param {number} count
 */
const little = (value, count) => Uint8Array.from({ length: count }, (_, at) => (value >>> (8 * at)) & 255);

/** @param {string} text */
const letters = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * A chunk: its name, its size, what is in it, and a byte that makes it even.
 * @param {string} name
 * @param {...Uint8Array} parts
 */
function chunk(name, ...parts) {
  const content = joined(parts);
  return joined([letters(name), little(content.length, 4), content, new Uint8Array(content.length % 2)]);
}

/**
 * The picture's own chunks in a WebP file.
 * @param {Uint8Array} file
 */
function pictureOf(file) {
  const view = new DataView(file.buffer);
  const chunks = [];
  for (let at = 12; at + 8 <= file.length; ) {
    const end = at + 8 + view.getUint32(at + 4, true);
    if (PICTURE.has(String.fromCharCode(...file.subarray(at, at + 4)))) chunks.push(file.subarray(at, end + (end % 2)));
    at = end + (end % 2);
  }
  return joined(chunks);
}

/** @param {HTMLCanvasElement} canvas */
async function encoded(canvas) {
  /** @type {Blob | null} */
  const blob = await new Promise((done) => canvas.toBlob(done, "image/webp", QUALITY));
  if (blob?.type !== "image/webp") throw Error("this browser writes no WebP");
  return pictureOf(new Uint8Array(await blob.arrayBuffer()));
}

/**
 * Play canvases of one size in turn, for ever; raises an Error where the browser cannot encode WebP.
 * @param {Iterable<HTMLCanvasElement>} canvases drawn when asked for
 * @param {number} duration of each, in milliseconds
 */
export async function animation(canvases, duration) {
  const frames = [];
  let size = new Uint8Array();
  for (const canvas of canvases) {
    size = joined([little(canvas.width - 1, 3), little(canvas.height - 1, 3)]);
    const still = joined([little(0, 6), size, little(duration, 3), little(WHOLE, 1)]);
    frames.push(chunk("ANMF", still, await encoded(canvas)));
  }
  const head = [chunk("VP8X", little(ANIMATED, 4), size), chunk("ANIM", little(0xffffffff, 4), little(0, 2))];
  return new Blob([chunk("RIFF", letters("WEBP"), ...head, ...frames)], { type: "image/webp" });
}
