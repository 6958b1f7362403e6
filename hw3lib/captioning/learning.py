"""What P2's runs learn from, and how their learning curves end: sentences from the data and the logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hw3lib.captioning.figures import PHASES, Event, kept
from hw3lib.data.caption_set import CaptionSet
from hw3lib.display.prose import names_in_words, signed

_DEMO = (
    " The demo's images are scenes that a program draws, and a program writes their captions, too: a grammar whose "
    "style varies from caption to caption. The backbones were pretrained on other drawings of the same kind."
)


def data(training: CaptionSet, validation: CaptionSet, reported: CaptionSet, drawn: bool) -> str:
    """How many images there are to learn from, to validate and to test on, and captions of each; in Markdown."""
    parts = {"to learn from": training, "to validate on": validation}
    parts |= {"to test on": reported} if reported is not validation else {}
    counts = names_in_words([f"{len(images):,} {purpose}" for purpose, images in parts.items()])
    per_image = {len(texts) for images in parts.values() for texts in images.captions}
    low, high = min(per_image), max(per_image)
    each = f"{low} to {high} captions" if low < high else f"{low} caption{'s' * (low != 1)}"
    total = sum(map(len, training.captions))
    text = f"**Data.** Images: {counts}; {each} of each, {total:,} in all to learn from. Captions that images come "
    return f"{text}with are called reference captions.{_DEMO * drawn}"


def endings(logs: Mapping[str, Sequence[Event]]) -> str:
    """Which runs' CIDEr still rose at the last validation, and which kept an earlier one's weights; in Markdown.

    ``logs`` are the runs' events, by the names that readers know.
    """
    rising, earlier, single, epochs = [], [], [], {}
    for name, events in logs.items():
        validations = [event for event in events if event["event"] == "validation"]
        if not validations:
            continue
        last, best = validations[-1], kept(validations)
        epochs[name] = last["epoch"]
        if len(validations) == 1:
            single.append(name)
        elif (rise := last["CIDEr"] - validations[-2]["CIDEr"]) > 0:
            rising.append(f"{name} ({signed(rise, 3)})")
        if best and best is not last:
            earlier.append(
                f"{name} keeps the weights of epoch {best['epoch']} ({PHASES[best['phase']]}, CIDEr "
                f"{best['CIDEr']:.3f}); its last validation, at epoch {last['epoch']} ({PHASES[last['phase']]}), gave "
                f"{last['CIDEr']:.3f}. "
            )
    text = ""
    if rising:
        text += f"CIDEr still rose from the last validation but one to the last: {names_in_words(rising)}. More epochs "
        text += "might have raised it further, and a comparison of such runs is one at these numbers of epochs. "
    text += "".join(earlier)
    if single:
        text += f"Validated once, at the end: {names_in_words(single)}. "
    if len(lengths := set(epochs.values())) > 1:
        text += f"The runs learned for {min(lengths)} to {max(lengths)} epochs."
    return text.rstrip() or "No run's CIDEr rose from the last validation but one to the last."
