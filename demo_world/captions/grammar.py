"""The annotators of the demo world: captions of a scene, five that differ as people's do.

A caption is planned (whom to mention, which relation, where, what else), then said in one of several frames, in an
annotator's *style*: whether colours are named, how much detail is given, which spelling. Words are in
:mod:`demo_world.captions.words`; texts "as on the web" are in :mod:`demo_world.captions.webtexts`. Nothing is drawn
here.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from demo_world.captions import webtexts, words
from demo_world.captions.naming import Annotator, Phrase, noun_phrase
from demo_world.captions.words import Link, Verb

if TYPE_CHECKING:  # the grammar needs no drawing code
    from demo_world.picture.scene import Group, Relation, Scene

__all__ = ["caption", "captions", "web_texts"]

SHORTEST, LONGEST = 6, 16  # words
FRAMES = {"participle": 9.0, "is": 4.5, "simple": 1.5, "there": 1.5, "photo": 1.3, "place first": 1.5, "front": 0.7}
PHOTOS = ("a photo of", "a picture of", "an image of", "a view of")
BELOW = {"water": "shore", "wall": "floor"}  # what the ground is called from there
NEAR_WORDS = ("next", "near", "beside", "by")


def captions(scene: Scene, rng: Random, n: int = 5) -> list[str]:
    """``n`` captions of a scene, no two alike but for case and full stop.

    >>> from demo_world.picture.composition import compose
    >>> captions(compose(Random(3), focus="sheep", place="field", recipe="single"), Random(1), n=2)
    ['A grey sheep standing on the grass.', 'a grey sheep is standing on the grass.']
    """
    texts: dict[str, str] = {}
    for attempt in range(40 * n):
        text = caption(scene, rng)
        if SHORTEST <= len(text.split()) <= LONGEST or attempt > 20 * n:
            texts.setdefault(text, _typed(text, rng))
        if len(texts) == n:
            break
    return list(texts.values())


def web_texts(scene: Scene, rng: Random, n: int) -> list[str]:
    """``n`` texts about a scene as they stand beside pictures on the web; they may repeat."""
    return [webtexts.text(scene, rng, lambda: captions(scene, rng, 1)[0]) for _ in range(n)]


def caption(scene: Scene, rng: Random) -> str:
    """One caption, in lower case without a full stop, of any length."""
    who = Annotator(rng, colour=rng.choice((0.0, 0.5, 1.0, 1.0)), detail=rng.random())
    head = rng.choices(range(len(scene.groups)), [group.prominence**2 + 1e-6 for group in scene.groups])[0]
    for relation in scene.relations:
        # Few begin with the bench that a cat sits on, and nobody with the umbrella that a girl holds.
        rarely = relation.name in words.TIGHT and who.chance(0.8)
        if relation.object == head and (rarely or not link_of(scene, relation).inverse):
            head = relation.subject
            break
    about = next((relation for relation in scene.relations if head in (relation.subject, relation.object)), None)
    skipped = about is not None and not who.chance(_salience(scene, about, head))
    return _Clause(scene, who, head, about, skipped).say()


def link_of(scene: Scene, relation: Relation) -> Link:
    """How the relation is said, for that kind of object."""
    special = words.LINKS.get(f"{relation.name} {scene.groups[relation.object].kind}")
    return special or words.LINKS[relation.name]


def _salience(scene: Scene, relation: Relation, head: int) -> float:
    """How likely the other side of a relation is mentioned, given one side."""
    if relation.name in words.TIGHT:
        return 1.0
    other = relation.object if relation.subject == head else relation.subject
    return min(0.98, 0.55 + 12 * scene.groups[other].prominence)


def _typed(text: str, rng: Random) -> str:
    """Sentence case with a full stop, lower case without, or a mixture, as annotators have it."""
    style = rng.choices(("sentence", "lower", "title", "dot"), (60, 28, 8, 4))[0]
    capital = text[0].upper() + text[1:]
    return {"sentence": capital + ".", "lower": text, "title": capital, "dot": text + "."}[style]


def _verb(options: Sequence[Verb], place: str, rng: Random) -> Verb | None:
    fitting = [verb for verb in options if not verb.places or place in verb.places]
    return rng.choices(fitting, [verb.weight for verb in fitting])[0] if fitting else None


def verbs_of(group: Group) -> tuple[Verb, ...]:
    """What a group can be said to do by itself, in its pose."""
    table = words.VERBS[words.BEHAVIOUR[group.kind]]
    return table.get(group.pose) or table.get("*", ())


class _Clause:
    """A caption being planned: subject, verb, what follows it, and what is still to be said at the end."""

    def __init__(self, scene: Scene, who: Annotator, head: int, relation: Relation | None, skipped: bool) -> None:
        self.scene, self.who, self.head, self.head_index = scene, who, scene.groups[head], head
        self.place = words.PLACES[scene.place]
        self.at = words.standing_place(self.head, scene.place)
        self.subject = noun_phrase(self.head, who)
        self.verb = _verb(verbs_of(self.head), scene.place, who.rng)
        if not who.chance(0.78):
            self.verb = None
        self.tail: list[str] = []
        self.ending: list[str] = []  # after the place
        self.mentioned = {head}
        self.located = self.head  # of which thing the place is said
        self.finite = True  # whether "is" and the simple present are possible
        if relation is not None and skipped:  # the other side is passed over altogether
            self.mentioned |= {relation.subject, relation.object}
        elif relation is not None:
            self.relate(relation, head)
        self.mention_others()

    def name(self, index: int) -> str:
        self.mentioned.add(index)
        return noun_phrase(self.scene.groups[index], self.who).text

    def relate(self, relation: Relation, head: int) -> None:
        """Say a relation that the head is in: from its side, from the other's, or as a mere "and"."""
        as_subject = relation.subject == head
        other = relation.object if as_subject else relation.subject
        group = self.scene.groups[other]
        there = words.standing_place(group, self.scene.place)
        link = link_of(self.scene, relation)
        if relation.name not in words.TIGHT and there != self.at:
            self.apart(other, there)
        elif relation.name in words.LOOSE and self.who.chance(0.35):
            self.join(other)
        elif as_subject:
            self.act(link, other)
        else:
            phrase = self.who.pick(link.inverse).format(s=self.name(other))
            if phrase.startswith(("with", "being")):
                self.verb, self.finite = None, False
            self.tail.append(phrase)

    def act(self, link: Link, other: int) -> None:
        """The head does something to the other, or is somewhere about it."""
        rng = self.who.rng
        acts = (*link.acts, *link.implied)
        if acts and (not link.prepositions or self.who.chance(link.act_share)):
            self.verb = _verb(acts, self.scene.place, rng)
            if self.verb in link.implied:
                self.mentioned.add(other)
            else:
                self.tail.append(self.name(other))
            return
        prepositions, weights = zip(*link.prepositions, strict=True)
        preposition = rng.choices(prepositions, weights)[0]
        self.finite = preposition != "with" or self.verb is not None
        self.tail.append(f"{preposition} {self.name(other)}")

    def join(self, other: int) -> None:
        """ "a dog and a ball": one subject, with a verb that suits both or none."""
        group = self.scene.groups[other]
        shared = [verb for verb in verbs_of(self.head) if verb in verbs_of(group)]
        self.verb = _verb(shared, self.scene.place, self.who.rng)
        self.subject = Phrase(f"{self.subject.text} and {self.name(other)}", True, there_is=self.subject.there_is)

    def apart(self, other: int, there: str) -> None:
        """The other is in the sky, on the wall or on the water, where the head is not."""
        group = self.scene.groups[other]
        if there in words.ALOFT:
            self.add(f"{self.name(other)} {self.who.pick(self.aloft(there))}")
        elif self.at == "air":
            self.tail.append(f"{self.who.pick(('over', 'above'))} {self.name(other)}")
            self.located = group
        else:
            self.add(f"{self.name(other)} {self.who.pick(words.ALOFT[BELOW[self.at]])}")

    def add(self, what: str) -> None:
        """Mention something after the place."""
        self.ending.append(f"{'and' if self.ending else 'with'} {what}")

    def aloft(self, there: str) -> tuple[str, ...]:
        return words.ALOFT["indoors" if there == "air" and not self.place.outdoors else there]

    def mention_others(self) -> None:
        """Groups that are not in the relation: the large ones mostly, the small ones rarely."""
        for index, group in enumerate(self.scene.groups):
            likely = 0.95 if group.prominence > self.head.prominence else min(0.95, 0.04 + 12 * group.prominence)
            if index in self.mentioned or len(self.mentioned) > 2 or not self.who.chance(likely):
                continue
            there = words.standing_place(group, self.scene.place)
            relation = self.tight_relation(index)
            if relation is not None:
                link = link_of(self.scene, relation)
                how = link.acts[0].participle if link.acts else link.prepositions[0][0]
                subject, other = relation.subject, relation.object
                self.add(f"{self.name(subject)} {how} {self.name(other)} {self.about(subject)}")
            elif there in words.ALOFT:
                self.add(f"{self.name(index)} {self.who.pick(self.aloft(there))}")
            else:
                self.add(f"{self.name(index)} {self.about(index)}")

    def tight_relation(self, index: int) -> Relation | None:
        relations = (relation for relation in self.scene.relations if relation.name in words.TIGHT)
        return next((relation for relation in relations if index in (relation.subject, relation.object)), None)

    def about(self, index: int) -> str:
        """ "in the background" of what stands higher up in the picture than the head, "nearby" otherwise."""
        feet: dict[int, float] = {index: 0.0, self.head_index: 0.0}
        for thing in self.scene.things:
            if thing.group in feet:
                feet[thing.group] = max(feet[thing.group], thing.top + thing.height)
        behind = feet[index] < feet[self.head_index] - 0.04 * self.scene.height
        if self.at == "air":
            return "below"
        return "in the background" if behind and self.at == "ground" and self.who.chance(0.7) else "nearby"

    def say(self) -> str:
        """Choose a frame and put the parts in order."""
        frame = self.who.rng.choices(list(FRAMES), list(FRAMES.values()))[0]
        where = "" if frame == "place first" else self.where(frame)
        # A thing by a lake or in the sky above a park is not what the place is "with".
        if frame == "place first" and self.at != ("water" if self.scene.place == "lake" else "ground"):
            frame, where = "participle", self.where("participle")
        if self.verb is not None and self.verb.participle in words.INCOMPLETE and not (self.tail or where):
            self.verb, where = (None, "") if frame == "place first" else (self.verb, self.where(frame, always=True))
        if frame == "front" and not (where and (self.verb or self.tail)):
            frame = "participle"
        if not self.finite and frame in ("is", "simple", "front"):
            frame = "participle"
        if self.verb is None and not (self.tail or where) and frame in ("is", "simple"):
            frame = "participle"
        if frame == "simple" and self.verb is None:
            frame = "is"
        if frame == "place first" or (frame in ("participle", "photo", "there") and self.who.chance(0.25)):
            self.ending = [phrase.replace("with ", "and ", 1) for phrase in self.ending]
        rest = [*self.tail, "" if frame == "front" else where, *self.ending, *self.surroundings(frame, where)]
        return " ".join(part for part in (*self.opening(frame, where), *rest) if part)

    def opening(self, frame: str, where: str) -> tuple[str, ...]:
        """Everything up to the verb."""
        subject, verb = self.subject, self.verb
        doing = verb.participle if verb else ""
        singular = not subject.plural or (subject.collective and self.who.chance(0.4))
        be = "is" if singular else "are"
        if frame == "simple" and verb:
            return subject.text, verb.third if singular else verb.base
        if frame == "is":
            return subject.text, be, doing
        if frame == "there":
            return "there", "is" if subject.there_is else "are", subject.text, doing
        if frame == "photo":
            return self.photo(), subject.text, doing
        if frame == "place first":
            return self.who.pick(self.place.name), "with", subject.text, doing
        if frame == "front":
            return f"{where},", subject.text, be, doing
        return subject.text, doing

    def photo(self) -> str:
        close = self.head.prominence > 0.22 and self.head.count == 1 and not self.tail
        return self.who.pick(("a close up of", "a closeup of", "a close up picture of") if close else PHOTOS)

    def where(self, frame: str, always: bool = False) -> str:
        """The place, as seen from the head; empty when this annotator does not say it."""
        if not always and not self.who.chance(0.88):
            return ""
        moving = self.verb is not None and self.verb.through and frame != "front"
        options = words.places_of(self.located, self.scene.place, moving)
        taken = {word for part in self.tail for word in part.split()[:1]}
        near = taken & set(NEAR_WORDS)
        fitting = [phrase for phrase in options if phrase.split()[0] not in (NEAR_WORDS if near else ())]
        return self.who.pick(fitting or options)

    def surroundings(self, frame: str, where: str) -> tuple[str, ...]:
        """Now and then the light, or what else the backdrop shows."""
        if self.ending or not self.who.chance(0.15 + 0.5 * self.who.detail):
            return ()
        lights = words.LIGHTS.get(self.scene.light, ()) if self.place.outdoors else ()
        extras = [extra for extra in self.scene.extras if extra in words.EXTRAS]
        if lights and self.who.chance(0.5):
            return (self.who.pick(lights),)
        # Neither "with ... with ..." nor "near ... near ..." reads well.
        openings = {part.split()[0] for part in (*self.tail, where) if part}
        openings |= {"with"} if frame == "place first" else set()
        avoid = {"with"} if "with" in openings else set()
        avoid |= set(NEAR_WORDS) if openings & set(NEAR_WORDS) else set()
        if words.standing_place(self.located, self.scene.place) != "ground":
            avoid |= {*NEAR_WORDS, "in", "among"}
        spoken = " ".join((*self.tail, where)).split()
        options = [phrase for extra in extras for phrase in words.EXTRAS[extra] if phrase.split()[0] not in avoid]
        options = [
            phrase for phrase in options if not {"sky", "trees", phrase.split()[-1]} & {*spoken} & {*phrase.split()}
        ]
        return (self.who.pick(options),) if options else ()
