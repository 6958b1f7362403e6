"""Greedy, beam and sampling, each against the slow obvious version without a cache."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounterWithBackend
from torch.utils._python_dispatch import TorchDispatchMode

from hw3lib import config
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.models import decoding, kv_cache
from hw3lib.models.captioner import Captioner, Memory
from hw3lib.models.decoding import Caption, beam, greedy, sample
from hw3lib.models.packed_weights import PackedWeights, int8_is_possible

needs_int8 = pytest.mark.skipif(not int8_is_possible(torch.device("cpu")), reason="no products of 8-bit numbers here")
TEXT = ["a red circle on grey", "there is a blue square", "one green triangle, it is green"]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> CaptionTokenizer:
    return CaptionTokenizer.train(TEXT, 40, tmp_path_factory.mktemp("tokenizer") / "t.json")


@pytest.fixture
def model(tiny_run: config.Run, tokenizer: CaptionTokenizer) -> Captioner:
    """Random, but decided, and moved by the image: its captions end at different lengths, some at the limit."""
    torch.manual_seed(0)
    model = Captioner(tiny_run, tokenizer.size).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "query" in name or "key_value" in name:
                parameter.mul_(4)
            elif name in ("embed.weight", "position.weight") or name.endswith("attention.out.weight"):
                parameter.mul_(20)
        model.head.weight.mul_(12)
    return model


@pytest.fixture
def memory(model: Captioner) -> Memory:
    torch.manual_seed(5)
    with torch.no_grad():
        return model.encode(3 * torch.randn(9, 3, 32, 32))


def one(memory: Memory, index: int) -> Memory:
    return Memory(memory.tokens[index : index + 1], memory.grid)


def next_log_probs(model: Captioner, memory: Memory, tokens: list[int]) -> Tensor:
    """The whole caption read again for each token: no cache."""
    with torch.no_grad():
        logits = model(memory, torch.tensor([tokens]))[0, -1].clone()
    logits[:3] = -torch.inf  # [PAD], [UNK], [BOS]
    return logits.log_softmax(-1)


def slow_greedy(model: Captioner, memory: Memory, limit: int) -> tuple[list[int], list[float]]:
    tokens, log_probs = [2], []
    while len(tokens) < limit and tokens[-1] != 3:
        scores = next_log_probs(model, memory, tokens)
        tokens.append(int(scores.argmax()))
        log_probs.append(float(scores.max()))
    return tokens, log_probs


def slow_beam(model: Captioner, memory: Memory, limit: int, beams: int, penalty: float) -> tuple[list[int], float]:
    """Keep the best open hypotheses and the best ended one, as lists, until the limit."""
    opened: list[tuple[float, list[int]]] = [(0.0, [2])]
    best: tuple[float, list[int]] = (-torch.inf, [])
    for length in range(1, limit):
        grown = []
        for total, tokens in opened:
            scores = next_log_probs(model, memory, tokens)
            grown += [
                (total + float(score), [*tokens, token]) for token, score in enumerate(scores) if score > -torch.inf
            ]
        grown.sort(key=lambda item: -item[0])
        grown = grown[: 2 * beams]
        ended = [(total / length**penalty, tokens) for total, tokens in grown if tokens[-1] == 3 or length == limit - 1]
        best = max([best, *ended], key=lambda item: item[0])
        opened = [item for item in grown if item[1][-1] != 3][:beams]
    return best[1], best[0]


def total(caption: Caption, penalty: float) -> float:
    return sum(caption.log_probs) / len(caption.log_probs) ** penalty


def test_greedy_is_the_slow_version_for_captions_of_all_lengths(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer
) -> None:
    found = greedy(model, memory, tokenizer)
    for index, caption in enumerate(found):
        tokens, log_probs = slow_greedy(model, one(memory, index), 24)
        assert caption.tokens == tokens
        assert caption.log_probs == pytest.approx(log_probs, abs=1e-4)
        assert caption.text == tokenizer.decode(tokens)
    lengths = {len(caption.tokens) for caption in found}
    assert len(lengths) > 2  # or else this test is easier than it looks
    assert any(caption.tokens[-1] != 3 for caption in found)


@pytest.mark.parametrize("decode", [greedy, beam])
def test_a_caption_does_not_depend_on_its_batch(
    decode, model: Captioner, memory: Memory, tokenizer: CaptionTokenizer
) -> None:
    together = [caption.tokens for caption in decode(model, memory, tokenizer)]
    assert [decode(model, one(memory, index), tokenizer)[0].tokens for index in range(9)] == together
    order = torch.randperm(9)
    turned = decode(model, Memory(memory.tokens[order], memory.grid), tokenizer)
    assert [caption.tokens for caption in turned] == [together[index] for index in order]


@pytest.mark.parametrize("penalty", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("beams", [2, 3])
def test_beam_search_is_the_slow_version(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, beams: int, penalty: float
) -> None:
    found = beam(model, memory, tokenizer, max_length=12, beams=beams, length_penalty=penalty)
    for index, caption in enumerate(found[:5]):
        tokens, score = slow_beam(model, one(memory, index), 12, beams, penalty)
        assert caption.tokens == tokens
        assert total(caption, penalty) == pytest.approx(score, abs=1e-4)


def test_a_search_goes_on_while_a_longer_caption_can_still_score_higher(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first look, after four tokens, the caption that ended lies ahead; at the limit the open one does."""
    chances = torch.full((tokenizer.size, tokenizer.size), 1e-12)
    for token, following in {2: {4: 0.7, 5: 0.3}, 4: {3: 0.9, 6: 0.1}, 5: {6: 1.0}, 6: {6: 1.0}}.items():
        for after, chance in following.items():
            chances[token, after] = chance
    monkeypatch.setattr(decoding, "step", lambda tokens, cache: chances.log()[tokens])
    for penalty, expected in ((0.7, [2, 5] + [6] * 22), (0.0, [2, 4, 3])):
        found = beam(model, one(memory, 0), tokenizer, beams=2, length_penalty=penalty)
        assert found[0].tokens == expected


def test_one_beam_is_greedy(model: Captioner, memory: Memory, tokenizer: CaptionTokenizer) -> None:
    assert beam(model, memory, tokenizer, beams=1) == greedy(model, memory, tokenizer)


def test_log_probabilities_are_those_of_reading_the_caption_again(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer
) -> None:
    for captions in (
        beam(model, memory, tokenizer),
        sample(model, memory, tokenizer, generator=torch.Generator().manual_seed(0), temperature=1.5),
    ):
        for index, caption in enumerate(captions[:3]):
            again = [
                float(next_log_probs(model, one(memory, index), caption.tokens[:end])[caption.tokens[end]])
                for end in range(1, len(caption.tokens))
            ]
            assert caption.log_probs == pytest.approx(again, abs=1e-4)


def test_captions_start_once_and_hold_no_padding_or_unknown(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer
) -> None:
    generator = torch.Generator().manual_seed(1)
    for caption in sample(model, memory, tokenizer, temperature=5.0, generator=generator):
        assert caption.tokens[0] == tokenizer.bos
        assert not {0, 1, 2} & set(caption.tokens[1:])
        assert tokenizer.eos not in caption.tokens[:-1]
        assert len(caption.log_probs) == len(caption.tokens) - 1
        assert len(caption.tokens) <= 24


def test_sampling_repeats_with_its_generator_and_follows_its_limits(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer
) -> None:
    def draw(seed: int, **limits) -> list[list[int]]:
        generator = torch.Generator().manual_seed(seed)
        return [caption.tokens for caption in sample(model, memory, tokenizer, generator=generator, **limits)]

    assert draw(1, temperature=2.0) == draw(1, temperature=2.0)
    assert draw(1, temperature=2.0) != draw(2, temperature=2.0)
    likeliest = [caption.tokens for caption in greedy(model, memory, tokenizer)]
    assert draw(1, top_k=1) == draw(1, top_p=1e-6) == draw(1, temperature=0) == likeliest
    for bad in ({"temperature": -1}, {"top_p": 0.0}, {"top_k": 0}):
        with pytest.raises(ValueError, match="want"):
            draw(1, **bad)


def test_sampling_has_the_right_frequencies(model: Captioner, memory: Memory, tokenizer: CaptionTokenizer) -> None:
    many = Memory(memory.tokens[:1].repeat(4000, 1, 1), memory.grid)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.tensor([c.tokens[1] for c in sample(model, many, tokenizer, max_length=2, generator=generator)])
    expected = next_log_probs(model, one(memory, 0), [2]).exp()
    found = torch.bincount(drawn, minlength=len(expected)) / 4000
    assert (found - expected).abs().max() < 0.03


def test_ended_captions_leave_the_batch(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []
    step = decoding.step

    def counted(tokens: Tensor, cache) -> Tensor:
        rows.append(len(tokens))
        return step(tokens, cache)

    monkeypatch.setattr(decoding, "step", counted)
    found = greedy(model, memory, tokenizer)
    ends = sorted(len(caption.tokens) - 1 for caption in found)
    for position, count in enumerate(rows, start=1):
        looked = (position - 1) // 4 * 4  # the last look before this step
        assert count == sum(end > looked for end in ends)
    assert rows[-1] < rows[0]


def test_an_images_samples_follow_one_another_each_drawn_for_itself(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer
) -> None:
    likeliest = greedy(model, memory, tokenizer)
    for settings in ({"top_k": 1}, {"temperature": 0.0}):  # the first over the samples' own cache, the second not
        found = sample(model, memory, tokenizer, samples=3, **settings)
        assert [c.tokens for c in found] == [c.tokens for c in likeliest for _ in range(3)]
        assert found[-1].log_probs == pytest.approx(likeliest[-1].log_probs, abs=1e-4)
    found = sample(model, memory, tokenizer, samples=3, temperature=2.0, generator=torch.Generator().manual_seed(0))
    assert len(found) == 27
    assert len({tuple(c.tokens) for c in found[:3]}) > 1
    for row in (0, 4, 26):  # each is read again with its own image
        again = [
            float(next_log_probs(model, one(memory, row // 3), found[row].tokens[:end])[found[row].tokens[end]])
            for end in range(1, len(found[row].tokens))
        ]
        assert found[row].log_probs == pytest.approx(again, abs=1e-4)
    with pytest.raises(ValueError, match="0 samples"):
        sample(model, memory, tokenizer, samples=0)


@pytest.mark.parametrize("limits", [{"top_k": 3}, {"top_p": 0.6}, {"temperature": 1.7}])
def test_a_cut_distribution_keeps_its_proportions(
    model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, limits: dict
) -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.tensor(
        [c.tokens[1] for c in sample(model, one(memory, 0), tokenizer, 2, samples=6000, generator=generator, **limits)]
    )
    expected = (next_log_probs(model, one(memory, 0), [2]) / limits.get("temperature", 1.0)).softmax(-1)
    ranked, order = expected.sort(descending=True)
    kept = limits.get("top_k", len(ranked))
    if "top_p" in limits:
        kept = int((ranked.cumsum(0) - ranked < limits["top_p"]).sum())
    expected[order[kept:]] = 0
    found = torch.bincount(drawn, minlength=len(expected)) / 6000
    assert (found - expected / expected.sum()).abs().max() < 0.03
    assert not found[order[kept:]].any()


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0 - 2**-24])
def test_what_has_no_chance_is_never_drawn(chance: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "rand", lambda rows, columns, **_: torch.full((rows, columns), chance))
    masses = torch.tensor([[0.0, 0.0, 0.3, 0.0, 0.4, 0.0], [0.0, 1e-8, 0.0, 0.9999999, 0.0, 0.0], [1.0, 0, 0, 0, 0, 0]])
    assert (masses.gather(-1, decoding._draw(masses, None)) > 0).all()


class Watched(TorchDispatchMode):
    """Names the operations that run, and counts those for which a host would wait for its device."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.waits = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        indices = args[1] if name in ("index", "index_put", "index_put_") else []
        by_mask = any(index is not None and index.dtype == torch.bool for index in indices)  # the shape depends on data
        self.names.add(name)
        self.waits += by_mask or name in ("nonzero", "_local_scalar_dense", "masked_select", "equal")
        return func(*args, **kwargs or {})


def test_what_makes_a_host_wait_is_noticed() -> None:
    x = torch.arange(3.0)
    with Watched() as watched:
        x[torch.tensor([0, 2])] = x[torch.tensor([1, 1])]
        assert watched.waits == 0
        x.sum().item()
        x[x > 0]
        x[x > 0] = x[0]
        if x[0] > 1:
            pass
    assert watched.waits >= 4


@pytest.mark.parametrize("decode", [greedy, beam, sample])
def test_the_host_waits_for_the_device_only_at_its_looks(
    decode, model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    going = decoding._going
    monkeypatch.setattr(decoding, "_going", lambda *args: looks.append(args) or going(*args))
    with Watched() as watched:
        decode(model, memory, tokenizer)
    assert watched.waits == len(looks) > 1
    if decode is sample:  # no limit was set
        assert not {"sort", "topk", "multinomial"} & watched.names


# By "eager" the same graphs are traced and run; "aot_eager" splits them further, which is no matter of this project's.
@pytest.mark.parametrize("compiler", ["eager", pytest.param("aot_eager", marks=pytest.mark.slow)])
def test_compiled_steps_say_the_same(
    compiler: str, model: Captioner, memory: Memory, tokenizer: CaptionTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fullgraph: that it compiles at all shows that nothing in a step depends on data, or on how far it has come."""
    counter = CompileCounterWithBackend(compiler)
    monkeypatch.setattr(kv_cache, "COMPILE", {"backend": counter})
    sizes: set[int] = set()
    step = decoding.step
    monkeypatch.setattr(decoding, "step", lambda tokens, cache: sizes.add(len(tokens)) or step(tokens, cache))

    def same(decode, **more) -> None:
        plain = decode(model, memory, tokenizer, **more)
        sizes.clear()
        counter.clear()
        weights = PackedWeights(model, compiled=True)
        for _ in range(2):  # a second time over the buffers of the first
            found = decode(model, memory, tokenizer, weights=weights, **more)
            assert [c.tokens for c in found] == [c.tokens for c in plain]
            for own, expected in zip(found, plain, strict=True):
                assert own.log_probs == pytest.approx(expected.log_probs, abs=1e-4)
        assert counter.frame_count <= len(sizes)  # once for each size, not for each step

    same(greedy)
    assert sizes == {9, 4, 2} or sizes == {9, 4}
    same(beam, max_length=12)
    same(sample, samples=2, top_k=1)


def test_a_batch_that_is_compiled_shrinks_by_halves() -> None:
    alive = torch.tensor([False, True, False, False, True, False, False, False, False])
    assert decoding._going(alive, False).tolist() == [1, 4]
    assert decoding._going(alive, True).tolist() == [1, 4]
    alive[7] = True
    assert decoding._going(alive, True).tolist() == [0, 1, 4, 7]
    alive[:5] = True
    assert decoding._going(alive, True).tolist() == list(range(9))
    assert decoding._going(~alive & alive, True).tolist() == []


@pytest.mark.parametrize("how", ["autocast", "model"])
def test_bfloat16_says_nearly_the_same(how: str, model: Captioner, memory: Memory, tokenizer: CaptionTokenizer) -> None:
    """The caption of float32, read again in bfloat16: its log-probabilities, by a cache and without one."""
    expected = greedy(model, memory, tokenizer, max_length=5)
    if how == "model":
        model.bfloat16()
        found = greedy(model, Memory(memory.tokens.bfloat16(), memory.grid), tokenizer, max_length=5)
    else:
        with torch.autocast("cpu", torch.bfloat16):
            found = greedy(model, memory, tokenizer, max_length=5)
    same = [(a, b) for a, b in zip(found, expected, strict=True) if a.tokens == b.tokens]
    assert len(same) >= 7  # of 9: two tokens that are as likely may change places
    for own, other in same:
        assert own.log_probs == pytest.approx(other.log_probs, abs=0.2)
        assert own.log_probs != other.log_probs  # it did compute in bfloat16


@needs_int8
@pytest.mark.parametrize("draft", ["own", "another model's"])
@pytest.mark.parametrize("guesses", [1, 4, 20])
def test_one_image_is_guessed_and_judged_with_the_same_caption(
    guesses: int, draft: str, model: Captioner, memory: Memory, tokenizer: CaptionTokenizer,
    tiny_run: config.Run, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    expected = greedy(model, memory, tokenizer)
    monkeypatch.setattr(decoding, "_GUESSES", guesses)
    weights, steps, reads = PackedWeights(model), [], []
    assert weights.draft() is None  # not for one image
    if draft != "own":  # guesses wrong nearly always
        weights._draft = PackedWeights(Captioner(tiny_run, tokenizer.size), int8=True)
    monkeypatch.setattr(decoding, "_extend", None)
    step, read = decoding.step, decoding.read
    monkeypatch.setattr(decoding, "step", lambda tokens, cache: steps.append(cache) or step(tokens, cache))
    monkeypatch.setattr(decoding, "read", lambda tokens, cache: reads.append(cache) or read(tokens, cache))
    for index, caption in enumerate(expected):
        (found,) = greedy(model, one(memory, index), tokenizer, weights=weights)
        assert (found.tokens, found.text) == (caption.tokens, caption.text)
        assert found.log_probs == pytest.approx(caption.log_probs, abs=1e-4)
        (short,) = greedy(model, one(memory, index), tokenizer, 5, weights)
        assert short.tokens == caption.tokens[:5]
    assert all(cache.weights is weights._draft for cache in steps)
    assert all(cache.weights is weights for cache in reads)
    if draft == "own" and guesses == 20:
        assert len(reads) < len(steps) / 3


@needs_int8
@pytest.mark.parametrize("decode", [greedy, beam])
def test_int8_says_nearly_the_same(
    decode, model: Captioner, memory: Memory, tokenizer: CaptionTokenizer
) -> None:  # fmt: skip
    expected = decode(model, memory, tokenizer, max_length=5)
    found = decode(model, memory, tokenizer, max_length=5, weights=PackedWeights(model, int8=True))
    same = [(a, b) for a, b in zip(found, expected, strict=True) if a.tokens == b.tokens]
    assert len(same) >= 7  # of 9
    for own, other in same:
        assert own.log_probs == pytest.approx(other.log_probs, abs=0.2)
        assert own.log_probs != other.log_probs  # it did compute in 8 bits


@pytest.mark.parametrize("decode", [greedy, beam, sample])
def test_a_length_that_leaves_no_room_is_refused(
    decode, model: Captioner, memory: Memory, tokenizer: CaptionTokenizer
) -> None:  # fmt: skip
    with pytest.raises(ValueError, match="max_length 1"):
        decode(model, memory, tokenizer, max_length=1)
    assert all(len(caption.tokens) <= 5 for caption in decode(model, memory, tokenizer, max_length=5))


def test_the_vocabulary_may_be_padded_beyond_the_tokenizer(tiny_run: config.Run, tmp_path: Path) -> None:
    tokenizer = CaptionTokenizer.train(TEXT, 40, tmp_path / "t.json")
    model = Captioner(tiny_run, tokenizer.size + 8).eval()
    with torch.inference_mode():
        captions = greedy(model, model.encode(torch.randn(2, 3, 32, 32)), tokenizer)
    assert all(isinstance(caption.text, str) for caption in captions)
