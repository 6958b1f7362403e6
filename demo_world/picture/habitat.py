"""Where the kinds of the demo world occur, and how: in which places, in herds, flying, seated."""

from __future__ import annotations

OUTDOORS = ("field", "beach", "snow", "street", "park", "lake", "forest", "desert")
INDOORS = ("room", "kitchen")
WATER = ("lake", "beach")
EVERYWHERE = OUTDOORS + INDOORS
HABITAT: dict[str, tuple[str, ...]] = {
    "sheep": ("field", "park", "lake", "snow"),
    "cow": ("field", "lake", "beach", "street"),
    "dog": EVERYWHERE,
    "cat": ("room", "kitchen", "park", "street", "field"),
    "horse": ("field", "beach", "park", "desert", "snow", "forest"),
    "bird": ("park", "beach", "lake", "forest", "field", "street"),
    "elephant": ("field", "desert", "forest", "lake"),
    "giraffe": ("field", "desert", "forest", "lake"),
    "bear": ("forest", "snow", "lake", "field"),
    "girl": EVERYWHERE,
    "boy": EVERYWHERE,
    "bicycle": ("street", "park", "forest", "field", "beach", "lake"),
    "car": ("street", "park", "desert", "snow", "field", "beach"),
    "bus": ("street", "desert", "park", "snow"),
    "truck": ("street", "desert", "field", "snow"),
    "boat": WATER,
    "airplane": OUTDOORS,
    "train": ("field", "desert", "snow", "forest", "street"),
    "skateboard": ("street", "park", "room"),
    "umbrella": ("beach", "park", "street", "lake", "field"),
    "skis": ("snow",),
    "fire hydrant": ("street", "park", "snow"),
    "bench": ("park", "street", "beach", "lake", "forest", "snow"),
    "kite": ("beach", "field", "park", "lake", "desert"),
    "clock": ("street", "park", "room", "kitchen"),
    "stop sign": ("street", "desert", "snow", "park"),
    "traffic light": ("street",),
    "ball": ("beach", "park", "field", "room", "street"),
    "chair": ("room", "kitchen", "park", "beach"),
    "potted plant": ("room", "kitchen", "street", "park"),
    "suitcase": ("room", "street", "kitchen", "beach"),
    "balloon": ("park", "field", "room", "street", "beach"),
    "surfboard": ("beach",),
    "tent": ("forest", "field", "lake", "desert", "beach", "snow"),
}
FLYING = ("kite", "airplane", "balloon")
HERDS: tuple[str, ...] = (
    "sheep", "cow", "dog", "horse", "bird", "elephant", "giraffe", "girl", "boy", "boat", "umbrella", "balloon",
    "bicycle", "car", "kite", "chair", "ball", "surfboard", "tent", "cat", "potted plant", "suitcase",
)  # fmt: skip
SITTERS = ("girl", "boy")
LETTERED = ("stop sign", "clock")  # never mirrored
PERCHERS = ("bird", "cat", "dog")
