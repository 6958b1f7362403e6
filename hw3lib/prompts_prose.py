"""What the prompt study found, in sentences: computed from its result file, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hw3lib import config, paths
from hw3lib.system.files import read_json


def data_sentence(profile: config.Profile, scores: Mapping[str, Any]) -> str:
    """What the figures speak about, and what the published ones beside them do."""
    images = f"{scores['images']} images in {len(scores['labels'])} classes"
    told = read_json(paths.PACKAGE / "resources" / "published.json")["p1"]
    published = f"{told['images']} photographs in {told['classes']} classes, with ViT-B/32"
    if profile.data == "demo":
        return (
            f"The accuracies of this run are those of the **demo world**: {images}, drawn, and a small CLIP that was "
            f"pretrained on other drawings and the texts that go with them. The published ones come from {published}. "
            "The two can be compared in which prompt does better, not in how well."
        )
    return f"The accuracies of this run come from **real data**: {images}. The published ones come from {published}."


def class_sentence(scores: Mapping[str, Any]) -> str:
    """Which classes are hard under the best prompt, and for which the wording decides most."""
    prompts = scores["prompts"]
    best = max(prompts, key=lambda template: prompts[template]["accuracy"])
    rates = prompts[best]["per_class"]
    hardest = [f"{plain(name)} ({rates[name]:.2f})" for name in sorted(rates, key=lambda name: rates[name])[:3]]
    solved = sum(rate == 1 for rate in rates.values())
    text = f"Under {code(best)} the hardest classes are {names_in_words(hardest)}; "
    text += f"{solved} of {len(rates)} are always right." if solved else "none is always right."
    span = {name: [prompts[template]["per_class"][name] for template in prompts] for name in rates}
    widest = max(span, key=lambda name: max(span[name]) - min(span[name]))
    low, high = min(span[widest]), max(span[widest])
    if low < high:
        templates = list(prompts)
        under = code(templates[span[widest].index(low)]), code(templates[span[widest].index(high)])
        text += f" Wording decides most for {plain(widest)}: {low:.2f} under {under[0]}, {high:.2f} under {under[1]}."
    return text


def plain(text: str) -> str:
    """Text as Markdown that shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~&$])", r"\\\1", " ".join(text.split()))


def names_in_words(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def winner_sentence(scores: Mapping[str, Any]) -> str:
    """One sentence, in Markdown, on which prompt won and by how much, from the content of a scores file."""
    prompts = scores["prompts"]
    best = max(prompts[template]["accuracy"] for template in prompts)
    winners = [template for template in prompts if prompts[template]["accuracy"] == best]
    named = names_in_words([code(template) for template in winners])
    images = f"{scores['images']} images in {len(scores['labels'])} classes"
    if len(winners) > 1:
        return f"On {images}, {named} share the highest accuracy, {best:.4f}."
    rest = sorted((prompts[template]["accuracy"] for template in prompts if template != winners[0]), reverse=True)
    if not rest:
        return f"On {images}, {named} reaches an accuracy of {best:.4f}."
    base = scores["baseline"]
    ahead = round((best - rest[0]) * scores["images"])
    lead = f"{100 * (best - rest[0]):.1f} points ({ahead} image{'s' * (ahead != 1)}) before the next"
    if len(rest) > 1:
        lead += f" and {100 * (best - rest[-1]):.1f} before the last"
    gain = "" if base == winners[0] else f"; the baseline {code(base)} reaches {prompts[base]['accuracy']:.4f}"
    return f"On {images}, {named} is the most accurate prompt: {best:.4f}, {lead}{gain}."


def code(text: str) -> str:
    """Text as Markdown code, whatever backticks it holds."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, pad = "`" * (longest + 1), " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
