"""The gallery: every reported image with all runs' captions; a click opens it in P3's viewer, as two runs read it.

On a page it holds what fits into a few megabytes and says what it lacks. In a live notebook it holds all images:
thumbnails and maps are made when they come into sight.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from hw3lib.attention import maps
from hw3lib.attention.caption_facts import word_masks
from hw3lib.attention.maps import CaptionAttention
from hw3lib.captioning import figures
from hw3lib.captioning.gallery import Card, cards
from hw3lib.captioning.results import RunScores
from hw3lib.data.images import open_image
from hw3lib.data.language import written_in
from hw3lib.data.predictions import load_predictions
from hw3lib.display.bundle import figure_bundle, picture_html
from hw3lib.display.scripts import is_rtl
from hw3lib.metrics import chair
from hw3lib.system.messages import Say, silence
from hw3lib.viewer.page import ATTENTION, static_html
from hw3lib.viewer.payload import Beside, encode, payload

if TYPE_CHECKING:
    from hw3lib.models.experiment import Experiment
    from hw3lib.models.inference import LoadedRun

Coded = dict[str, Any]  # as JSON holds it
PAGE_BYTES = 2_300_000  # of cards and thumbnails in a page
MAPS_BYTES = 1_100_000  # of photographs that open with maps
_MOST_OPENED = 24  # of those: each costs two runs a forward pass
_THUMBNAIL, _PHOTOGRAPH = 176, 480  # px of the longer side
_SAMPLE = 24  # thumbnails by which their size is estimated


@dataclass(frozen=True, eq=False)
class Gallery:
    """An experiment's reported images with the captions of some of its runs."""

    experiment: Experiment
    cards: Sequence[Card]
    titles: Mapping[str, str]  # of the runs that are shown, by name
    pair: tuple[str, ...]  # the two runs that are compared first; one where there is but one
    _loaded: dict[str, LoadedRun] = field(default_factory=dict)

    @classmethod
    def of(cls, experiment: Experiment, scores: Mapping[str, RunScores], runs: Sequence[str]) -> Gallery:
        """From the files of finished ``runs``; the best run is first compared with the others' highest CIDEr."""
        predictions = {run: load_predictions(experiment.run_folder(run) / "predictions.json") for run in runs}
        objects = chair.objects_in(experiment.instances) if experiment.instances else None
        material = cards(experiment.reported, predictions, scores, experiment.language, objects)
        best = experiment.profile.best_run if experiment.profile.best_run in runs else runs[0]
        others = sorted(set(runs) - {best}, key=lambda run: -scores[run].scores["CIDEr"])
        titles = {run: experiment.profile.run(run).title for run in runs}
        return cls(experiment, material, titles, (best, *others[:1]))

    def content(self, places: Sequence[int] | None = None) -> Coded:
        """The cards of the images at ``places``, of all by default, without pictures: columns by run and image."""
        shown = self.cards if places is None else [self.cards[place] for place in places]
        runs = list(self.titles)
        captions = [[card.captions[run] for card in shown] for run in runs]
        metrics = list(dict.fromkeys(metric for of_run in captions for one in of_run for metric in one.scores))
        objects = sorted({name for of_run in captions for one in of_run for name in one.absent})
        texts = " ".join(one.text for of_run in captions for one in of_run[:20])
        return {
            "runs": [{"name": run, "title": self.titles[run]} for run in runs],
            "pair": [runs.index(run) for run in self.pair],
            "metrics": metrics,
            "objects": objects,
            "names": [card.name for card in shown],
            "references": [list(card.references) for card in shown],
            "disagreement": [_rounded(card.disagreement) for card in shown] if len(runs) > 1 else None,
            "pieces": [[list(one.pieces) for one in of_run] for of_run in captions],
            "scores": [[[_rounded(one.scores.get(m)) for m in metrics] for one in of_run] for of_run in captions],
            "absent": [[[objects.index(name) for name in one.absent] for one in of_run] for of_run in captions],
            "rtl": is_rtl(texts),
            "lang": written_in(texts),
            "note": "",
        }

    def thumbnail(self, place: int) -> str:
        """The image at ``place``, small: WebP in base64."""
        return _webp(self._photograph(place), _THUMBNAIL, 70)

    def comparison(self, place: int, runs: Sequence[str], whole: bool = True) -> Coded:
        """One image opened: each of ``runs`` reads the captions of them all by teacher forcing.

        ``captions`` by run: the caption's viewer (:func:`payload`), the other run's reading of it beside, every layer
        and head, or else, unless ``whole``, the mean of all heads of the last layer. Raises :class:`UserError` for a
        run that is not trained and for an image that cannot be read.
        """
        card, image = self.cards[place], self._photograph(place)
        loaded = {run: self._run(run) for run in runs}
        most = min(of_run.model.max_length for of_run in loaded.values())
        texts = [card.captions[run].text for run in runs]
        read = {run: maps.read(of_run, image, texts, card.name, most) for run, of_run in loaded.items()}
        if not whole:
            read = {run: [_mean(one) for one in of_run] for run, of_run in read.items()}
        captions = {}
        for at, said in enumerate(runs):
            masks = word_masks(read[said][at], [self.experiment.instances])
            others = [Beside(run, f"{run}, the same words", read[run][at], masks) for run in runs if run != said]
            captions[said] = encode(payload(read[said][at], masks=masks, others=others))
            del captions[said]["image"]  # one photograph for all
        return {"photo": _webp(image, _PHOTOGRAPH, 78), "captions": captions}

    def page(self, say: Say = silence) -> Coded:
        """What a page holds: as many images as fit, evenly spread, and maps of those on which the two runs differ."""
        places = self._places()
        content = self.content(places)
        opened: dict[str, Coded] = {}
        size = 0
        for place in sorted(range(len(places)), key=lambda at: -self._gap(places[at]))[:_MOST_OPENED]:
            say(f"gallery: maps of {len(opened)} images")
            one = self.comparison(places[place], self.pair, whole=False)
            size += len(json.dumps(one, ensure_ascii=False))
            if size > MAPS_BYTES:
                break
            opened[str(place)] = one
        return {
            "meta": {"caption": f"{len(places)} images with the captions of {', '.join(self.titles)}."},
            "gallery": content | {"note": self._note(len(places), len(opened))},
            "thumbs": [self.thumbnail(place) for place in places],
            "opened": opened,
        }

    def bundle(self, caption: str, say: Say = silence) -> Coded:
        """The MIME bundle of the gallery on a page; as a picture it is three cards of it."""
        places = range(0, len(self.cards), max(1, -(-len(self.cards) // 3)))
        drawn = figures.cards([self._photograph(place) for place in places], [self.cards[place] for place in places])
        still = figure_bundle(drawn, caption, f"{len(places)} images with captions by run")
        coded = self.page(say)
        picture = picture_html(base64.b64decode(still["image/png"]), "", "")
        return still | {ATTENTION: coded, "text/html": static_html(coded, picture), "text/plain": caption}

    def _places(self) -> list[int]:
        """The images that a page holds: all, or as many as fit, evenly spread."""
        count = len(self.cards)
        sample = range(0, count, max(1, count // _SAMPLE))
        picture = sum(len(self.thumbnail(place)) for place in sample) / len(sample)
        text = len(json.dumps(self.content(sample), ensure_ascii=False).encode()) / len(sample)
        most = max(1, min(count, int(PAGE_BYTES / (picture + text))))
        return [place * count // most for place in range(most)]

    def _gap(self, place: int) -> float:
        """How far the two runs' scores of an image are apart; of a single run, how low its score is."""
        first, *second = [self.cards[place].captions[run].scores["CIDEr"] for run in self.pair]
        return abs(first - second[0]) if second else -first

    def _note(self, images: int, opened: int) -> str:
        """What a page does not hold, in a sentence or two; empty where it holds everything."""
        told = f"This page holds {images} of the {len(self.cards)} images, evenly spread. " * (images < len(self.cards))
        which = "where the captions of {} and {} differ most in CIDEr" if len(self.pair) > 1 else "of lowest CIDEr"
        if opened < images or len(self.titles) > 2:
            pair = f", of {' and '.join(self.pair)} alone" if len(self.titles) > 2 else ""
            told += f"Maps are here of {opened} images, those {which.format(*self.pair)}{pair}: the mean of all heads "
            told += "of the last layer. "
        return f"{told}A live notebook (make lab) has them all." if told else ""

    def _photograph(self, place: int) -> Image.Image:
        return open_image(self.experiment.reported.paths[place])

    def _run(self, run: str) -> LoadedRun:
        if run not in self._loaded:
            self._loaded[run] = self.experiment.load_run(run)
        return self._loaded[run]


def _mean(attention: CaptionAttention) -> CaptionAttention:
    """The mean of all heads of the last layer, as if there were no others."""
    return replace(attention, maps=attention.maps[-1:].mean(axis=1, keepdims=True))  # (1, 1, T, P)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _webp(image: Image.Image, longest: int, quality: int) -> str:
    small, file = image.copy(), io.BytesIO()
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    small.save(file, "WEBP", quality=quality, method=2)  # 4 takes thrice as long for a fiftieth
    return _base64(file.getvalue())
