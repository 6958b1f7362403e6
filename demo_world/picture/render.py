"""From a composed scene to a picture and its instance masks: layers, shadows, reflections, light, grain."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from demo_world.picture.canvas import backdrop, sketch
from demo_world.picture.scene import Scene, Thing
from demo_world.svg import Backdrop, rasterise

SOFTNESS = 0.5  # backdrops are drawn at this share of the size


@dataclass(frozen=True)
class Instance:
    """The visible part of one thing: a boolean mask of the picture's size, ``(height, width)``."""

    group: int
    kind: str
    mask: np.ndarray


@dataclass(frozen=True)
class Rendered:
    """A finished picture (RGB) and the instances on it, those that are hidden altogether left out."""

    image: Image.Image
    instances: tuple[Instance, ...]


def render(scene: Scene, scale: float = 1.0) -> Rendered:
    """Draw a scene, at ``scale`` times its own size. The same scene gives the same pixels under the pinned versions."""
    back = backdrop(scene.place, scene.seed, scene.width, scene.height)
    box = (0, 0, scene.width, scene.height)
    scene = _scaled(scene, scale)
    width, height = scene.width, scene.height
    rng = np.random.default_rng(scene.seed)
    picture = _shade(_soft(back.body, box, width, height), scene, back)
    masks: list[tuple[Thing, np.ndarray]] = []
    for thing in scene.things:
        layer = _layer(thing, rng)
        left, top = round(thing.left), round(thing.top)
        if thing.afloat:
            _mirror(picture, layer, left, top)
        picture.alpha_composite(*_clipped(layer, left, top, width, height))
        alpha = np.zeros((height, width), bool)
        visible, at = _clipped(layer, left, top, width, height)
        patch = np.asarray(visible)[..., 3] >= 128
        alpha[at[1] : at[1] + patch.shape[0], at[0] : at[0] + patch.shape[1]] = patch
        for _, mask in masks:
            mask &= ~alpha
        masks.append((thing, alpha))
    if back.front:
        front = _soft(back.front, box, width, height)
        picture.alpha_composite(front)
        for _, mask in masks:
            mask &= np.asarray(front)[..., 3] < 128
    image = _develop(picture, back, rng, scale)
    instances = tuple(Instance(thing.group, thing.kind, mask) for thing, mask in masks if mask.sum() >= 12)
    return Rendered(image, instances)


def _scaled(scene: Scene, scale: float) -> Scene:
    if scale == 1.0:
        return scene
    things = tuple(
        replace(
            thing,
            left=thing.left * scale,
            top=thing.top * scale,
            width=thing.width * scale,
            height=thing.height * scale,
        )
        for thing in scene.things
    )
    return replace(scene, width=round(scene.width * scale), height=round(scene.height * scale), things=things)


def _soft(body: str, box: tuple[float, float, float, float], width: int, height: int) -> Image.Image:
    """A layer of the whole picture's size, a little out of focus, drawn four times faster."""
    small = rasterise(body, box, round(width * SOFTNESS), round(height * SOFTNESS))
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def _layer(thing: Thing, rng: np.random.Generator) -> Image.Image:
    """The thing alone, lit a little differently each time, at its size in the picture."""
    drawn = sketch(thing.kind, thing.coat, thing.pose, thing.seed)
    size = max(2, round(thing.width)), max(2, round(thing.height))
    pixels = rasterise(drawn.body, (0, 0, drawn.width, drawn.height), *size)
    if thing.flip:
        pixels = pixels[:, ::-1]
    # Light from above: a little brighter at the top, darker at the feet.
    fall = np.linspace(1.06, 0.90, size[1])[:, None, None] * rng.uniform(0.94, 1.04)
    colour = np.clip(pixels[..., :3] * fall, 0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([colour, pixels[..., 3]]))


def _clipped(layer: Image.Image, left: int, top: int, width: int, height: int) -> tuple[Image.Image, tuple[int, int]]:
    """The part of a layer that lies inside the picture, and where it goes."""
    box = max(0, -left), max(0, -top), min(layer.width, width - left), min(layer.height, height - top)
    if box[2] <= box[0] or box[3] <= box[1]:
        return Image.new("RGBA", (1, 1)), (0, 0)
    return layer.crop(box), (max(0, left), max(0, top))


def _shade(picture: Image.Image, scene: Scene, back: Backdrop) -> Image.Image:
    """Soft shadows on the ground, all in one blurred layer."""
    half = Image.new("L", (scene.width // 2, scene.height // 2))
    pen = ImageDraw.Draw(half)
    for thing in scene.things:
        if thing.grounded:
            x, y = thing.left + thing.width / 2 + back.light * 0.22 * thing.width, thing.top + thing.height - 1
            rx, ry = thing.width * 0.46, max(2.0, min(thing.width, thing.height) * 0.07)
            pen.ellipse(((x - rx) / 2, (y - ry) / 2, (x + rx) / 2, (y + ry) / 2), fill=255)
    alpha = half.filter(ImageFilter.GaussianBlur(1.6)).resize(picture.size, Image.Resampling.BICUBIC)
    alpha = alpha.point([round(value * min(0.5, back.shadow * 1.15)) for value in range(256)])
    shadow = Image.new("RGBA", picture.size, (22, 24, 44, 0))
    shadow.putalpha(alpha)
    return Image.alpha_composite(picture, shadow)


def _mirror(picture: Image.Image, layer: Image.Image, left: int, top: int) -> None:
    """A faint, squeezed reflection on the water below."""
    flipped = layer.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((layer.width, max(1, layer.height // 2)))
    pixels = np.array(flipped)
    fade = np.linspace(0.42, 0.0, pixels.shape[0])[:, None]
    pixels[..., 3] = (pixels[..., 3] * fade).astype(np.uint8)
    picture.alpha_composite(*_clipped(Image.fromarray(pixels), left, top + layer.height - 1, *picture.size))


def _develop(picture: Image.Image, back: Backdrop, rng: np.random.Generator, scale: float) -> Image.Image:
    """What a camera adds: the light's colour, exposure, a vignette, a slight blur, grain."""
    # A plane for each channel: numpy is slow at rows of three.
    planes = np.stack([np.asarray(band, np.float32) for band in picture.convert("RGB").split()])  # (3, h, w)
    tint = np.array([int(back.tint[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / 255
    contrast, exposure, vignette = rng.uniform(0.94, 1.06), rng.uniform(0.93, 1.07), rng.uniform(0.0, 0.14)
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in planes.shape[1:])
    planes *= tint[:, None, None]
    planes *= (1 - vignette * (y[:, None] ** 2 + x**2)) * (exposure * contrast)
    planes += np.float32(128 * (1 - contrast))
    blur = ImageFilter.GaussianBlur(scale * float(rng.uniform(0.25, 0.6)))
    bands = [Image.fromarray(plane).filter(blur) for plane in planes.clip(0, 255, out=planes).astype(np.uint8)]
    # Grain is the same in all channels, as film's is.
    noise = rng.standard_normal(planes.shape[1:], np.float32)
    noise *= np.float32(rng.uniform(1.2, 3.6) * scale)
    grain = noise.astype(np.int16)
    grained = (np.clip(np.asarray(band) + grain, 0, 255).astype(np.uint8) for band in bands)
    return Image.merge("RGB", [Image.fromarray(plane) for plane in grained])
