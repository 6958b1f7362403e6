"""Decoding against three peers that decode with the same weights, side by side; all must say the same captions.

The peers are CTranslate2 (Whisper's decoder, in float32 and int8, beside ours in the same; in a process of its own, for
torch took two to three times as long in one where it had run, and with one thread or as many as torch has, whichever is
faster), Hugging Face transformers'
``VisionEncoderDecoderModel.generate`` (a GPT-2 decoder with cross-attention: pre-norm, learned positions, a fused
query-key-value product, its cache on, scaled-dot-product attention) and the loop that is usually written by hand, over
``torch.nn.TransformerDecoder`` without a cache. 8 layers, 8 heads, feed-forward 2048, vocabulary 18,022, 49 patches an
image, exactly 20 new tokens. All get the encoder's output ready-made.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cached_property, partial
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any

import torch
from harness import Row, alternate, arguments, finish, not_measured, row
from torch import Tensor, nn

from hw3lib import config
from hw3lib.models.captioner import Captioner, Memory
from hw3lib.models.decoding import beam
from hw3lib.models.packed_weights import Linear, PackedWeights, int8_is_possible
from hw3lib.system.devices import has_bfloat16

LAYERS, HEADS, FEED_FORWARD, VOCABULARY, PATCHES, NEW = 8, 8, 2048, 18_022, 49, 20
BEAMS = 5
INSTALL = "the peer is missing: pip install -r benchmarks/requirements.txt"

# No caption ends early, and none is turned into text, which the peers don't do either.
NO_END = SimpleNamespace(pad=0, unk=1, bos=2, eos=-1, decode=lambda tokens: "")


def captioner(width: int) -> Captioner:
    """The project's model with random weights; its encoder is a stub of one layer that is never asked."""
    small = {"embed_dim": 16, "depth": 1, "num_heads": 1}
    encoder = config.Encoder(name="vit_tiny_patch16_224", weights="none", image_size=32, arguments=small)
    decoder = config.Decoder(layers=LAYERS, heads=HEADS, width=width, feed_forward=FEED_FORWARD, max_length=NEW + 1)
    torch.manual_seed(0)
    model = Captioner(config.Run(title="benchmark", encoder=encoder, decoder=decoder), VOCABULARY).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1 and not name.startswith("encoder"):
                parameter.add_(0.1 * torch.randn_like(parameter))  # so that a bias or a norm left out would show
        model.head.weight[:3] = 0.0  # padding, [UNK] and [BOS] are never the likeliest: the peers don't forbid them
    return model


def transformers_peer(model: Captioner) -> nn.Module:
    """The same decoder in transformers' classes."""
    try:
        from transformers import GPT2Config, GPT2LMHeadModel, VisionEncoderDecoderModel, ViTConfig, ViTModel
        from transformers.utils import logging
    except ImportError:
        sys.exit(INSTALL)
    logging.set_verbosity_error()
    width = model.embed.weight.shape[1]
    settings = GPT2Config(
        vocab_size=VOCABULARY, n_positions=NEW + 1, n_embd=width, n_layer=LAYERS, n_head=HEADS, n_inner=FEED_FORWARD,
        activation_function="gelu", add_cross_attention=True,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, tie_word_embeddings=False, bos_token_id=2, eos_token_id=None,
        attn_implementation="sdpa",
    )  # fmt: skip
    decoder = GPT2LMHeadModel(settings)
    stub = ViTModel(ViTConfig(hidden_size=width, num_hidden_layers=1, num_attention_heads=8, intermediate_size=8))
    with torch.no_grad():
        decoder.transformer.wte.weight.copy_(model.embed.weight)
        decoder.transformer.wpe.weight.copy_(model.position.weight)
        decoder.lm_head.weight.copy_(model.head.weight)
        decoder.transformer.ln_f.load_state_dict(model.norm.state_dict())
        for own, theirs in zip(model.blocks, decoder.transformer.h, strict=True):
            theirs.ln_1.load_state_dict(own.norm_self.state_dict())
            theirs.ln_cross_attn.load_state_dict(own.norm_cross.state_dict())
            theirs.ln_2.load_state_dict(own.norm_feed_forward.state_dict())
            turned = (
                (theirs.attn.c_attn, (own.self_attention.query, own.self_attention.key_value)),
                (theirs.attn.c_proj, (own.self_attention.out,)),
                (theirs.crossattention.q_attn, (own.cross_attention.query,)),
                (theirs.crossattention.c_attn, (own.cross_attention.key_value,)),
                (theirs.crossattention.c_proj, (own.cross_attention.out,)),
                (theirs.mlp.c_fc, (own.feed_forward[0],)),
                (theirs.mlp.c_proj, (own.feed_forward[2],)),
            )
            for target, sources in turned:  # GPT-2 keeps its weights as (in, out)
                target.weight.copy_(torch.cat([source.weight for source in sources]).t())
                target.bias.copy_(torch.cat([source.bias for source in sources]))
    return VisionEncoderDecoderModel(encoder=stub, decoder=decoder).eval()


def whisper(model: Captioner) -> Any:
    """The same decoder in CTranslate2's form of Whisper; its keys have no bias, which no softmax would see."""
    from ctranslate2.converters.transformers import WhisperLoader
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    width = model.embed.weight.shape[1]
    peer = WhisperForConditionalGeneration(WhisperConfig(
        vocab_size=VOCABULARY, d_model=width, activation_function="gelu", pad_token_id=0, bos_token_id=2,
        eos_token_id=2, decoder_start_token_id=2, suppress_tokens=None, begin_suppress_tokens=None,
        max_target_positions=2 * NEW + 1,  # it generates half of them at most
        decoder_layers=LAYERS, decoder_attention_heads=HEADS, decoder_ffn_dim=FEED_FORWARD,
        encoder_layers=1, encoder_attention_heads=HEADS, encoder_ffn_dim=8, max_source_positions=PATCHES,
    ))  # fmt: skip
    peer.proj_out = nn.Linear(width, VOCABULARY, bias=False)  # Whisper's is tied
    decoder = peer.model.decoder
    with torch.no_grad():
        peer.proj_out.weight.copy_(model.head.weight)
        decoder.embed_tokens.weight.copy_(model.embed.weight)
        decoder.embed_positions.weight[: NEW + 1].copy_(model.position.weight)
        decoder.layer_norm.load_state_dict(model.norm.state_dict())
        for own, theirs in zip(model.blocks, decoder.layers, strict=True):
            theirs.self_attn_layer_norm.load_state_dict(own.norm_self.state_dict())
            theirs.encoder_attn_layer_norm.load_state_dict(own.norm_cross.state_dict())
            theirs.final_layer_norm.load_state_dict(own.norm_feed_forward.state_dict())
            theirs.fc1.load_state_dict(own.feed_forward[0].state_dict())
            theirs.fc2.load_state_dict(own.feed_forward[2].state_dict())
            for target, source in (
                (theirs.self_attn, own.self_attention),
                (theirs.encoder_attn, own.cross_attention),
            ):
                target.q_proj.load_state_dict(source.query.state_dict())
                target.out_proj.load_state_dict(source.out.state_dict())
                keys, values = source.key_value.weight.chunk(2)
                target.k_proj.weight.copy_(keys)
                target.v_proj.weight.copy_(values)
                target.v_proj.bias.copy_(source.key_value.bias.chunk(2)[1])
    spec = WhisperLoader().get_model_spec(peer.eval())
    # Whisper takes the end's number for what its vocabulary lacks, here the start's and the mark of captions without
    # times: so one token starts a caption, as in ours, and nothing is forbidden.
    spec.register_vocabulary([f"token {index}" if index != 2 else "<|endoftext|>" for index in range(VOCABULARY)])
    for name in ("suppress_ids", "suppress_ids_begin", "lang_ids", "alignment_heads"):
        setattr(spec.config, name, [])
    spec.validate()
    spec.optimize()
    return spec


class CTranslate2:
    """CTranslate2's model of a folder, on a processor, in a process of its own."""

    def __init__(self, folder: str, compute_type: str, threads: int) -> None:
        self.process = ProcessPoolExecutor(1, get_context("spawn"))
        self.process.submit(_load, folder, compute_type, threads).result()

    def prepare(self, tokens: Tensor, beams: int) -> None:
        """Give it images' patches (I, P, D), which it takes for Whisper's encoded sound, and how to decode them."""
        self.process.submit(_prepare, tokens.numpy(), beams, 2 * NEW).result()

    def generate(self) -> Tensor:
        """Their captions (I, 21)."""
        return torch.tensor([[2, *caption] for caption in self.process.submit(_generate).result()])

    def close(self) -> None:
        self.process.shutdown()


_HERE: dict[str, Any] = {}  # of CTranslate2's process: its model and what that is to decode


def _load(folder: str, compute_type: str, threads: int) -> None:
    import ctranslate2

    _HERE["model"] = ctranslate2.models.Whisper(
        folder, device="cpu", compute_type=compute_type, intra_threads=threads, inter_threads=1
    )


def _prepare(tokens: Any, beams: int, max_length: int) -> None:
    import ctranslate2

    _HERE["patches"] = ctranslate2.StorageView.from_array(tokens)
    _HERE["starts"] = [[2]] * len(tokens)
    _HERE["options"] = {"beam_size": beams, "length_penalty": 0.7, "max_length": max_length, "return_scores": True}


def _generate() -> list[list[int]]:
    options = _HERE["options"] | {"suppress_blank": False, "suppress_tokens": []}
    found = _HERE["model"].generate(_HERE["patches"], _HERE["starts"], **options)
    return [caption.sequences_ids[0] for caption in found]


@torch.inference_mode()
def generate(peer: nn.Module, tokens: Tensor, beams: int) -> Tensor:
    """transformers' captions (I, 21) of images' patches (I, P, D)."""
    from transformers import GenerationConfig
    from transformers.modeling_outputs import BaseModelOutput

    settings = GenerationConfig(
        max_new_tokens=NEW, num_beams=beams, do_sample=False, use_cache=True, length_penalty=0.7,
        decoder_start_token_id=2, bos_token_id=2, pad_token_id=0, eos_token_id=None,
    )  # fmt: skip
    return peer.generate(encoder_outputs=BaseModelOutput(last_hidden_state=tokens), generation_config=settings)


def plain_peer(model: Captioner) -> nn.Module:
    """The same decoder in torch's own classes."""
    width = model.embed.weight.shape[1]
    layer = nn.TransformerDecoderLayer(
        width, HEADS, FEED_FORWARD, 0.0, activation="gelu", batch_first=True, norm_first=True
    )
    decoder = nn.TransformerDecoder(layer, LAYERS, norm=nn.LayerNorm(width)).eval()
    decoder.norm.load_state_dict(model.norm.state_dict())
    with torch.no_grad():
        for own, theirs in zip(model.blocks, decoder.layers, strict=True):
            for norm, source in zip(
                (theirs.norm1, theirs.norm2, theirs.norm3),
                (own.norm_self, own.norm_cross, own.norm_feed_forward),
                strict=True,
            ):
                norm.load_state_dict(source.state_dict())
            for target, source in (
                (theirs.self_attn, own.self_attention),
                (theirs.multihead_attn, own.cross_attention),
            ):
                target.in_proj_weight.copy_(torch.cat([source.query.weight, source.key_value.weight]))
                target.in_proj_bias.copy_(torch.cat([source.query.bias, source.key_value.bias]))
                target.out_proj.load_state_dict(source.out.state_dict())
            theirs.linear1.load_state_dict(own.feed_forward[0].state_dict())
            theirs.linear2.load_state_dict(own.feed_forward[2].state_dict())
    return decoder


@torch.inference_mode()
def plain_loop(model: Captioner, decoder: nn.Module, memory: Tensor) -> Tensor:
    """Greedy as it is usually written: the whole caption again for each token."""
    tokens = torch.full((len(memory), 1), 2, device=memory.device)
    for length in range(1, NEW + 1):
        x = model.embed(tokens) + model.position.weight[:length]
        mask = nn.Transformer.generate_square_subsequent_mask(length, device=memory.device, dtype=memory.dtype)
        x = decoder(x, memory, tgt_mask=mask, tgt_is_causal=True)
        tokens = torch.cat([tokens, model.head(x[:, -1:]).argmax(-1)], dim=1)
    return tokens


def ours(model: Captioner, tokens: Tensor, beams: int, weights: PackedWeights) -> Tensor:
    """The project's captions (I, 21)."""
    memory = Memory(tokens, (7, 7))
    with torch.inference_mode():
        captions = beam(model, memory, NO_END, beams=beams, weights=weights)  # type: ignore[arg-type]
    return torch.tensor([caption.tokens for caption in captions])


def arithmetic(width: int, images: int, beams: int) -> float:
    """Floating-point operations of decoding, each product once; a multiplication and an addition are two."""
    layer = 6 * width**2 + 2 * width * FEED_FORWARD
    looking = sum(2 * width * (PATCHES + seen) for seen in range(1, NEW + 1)) / NEW
    token = LAYERS * (layer + looking) + width * VOCABULARY
    return 2.0 * images * (beams * NEW * token + LAYERS * PATCHES * 2 * width**2)


def weight_bytes(width: int, itemsize: int) -> float:
    """What one step must read whatever it decodes: the decoder's matrices."""
    return itemsize * (LAYERS * (6 * width**2 + 2 * width * FEED_FORWARD) + width * VOCABULARY)


def fastest(run: Callable[[], object], sync: Callable[[], object], times: int = 5) -> float:
    """Seconds of the fastest of some runs: a limit is what the machine can do when it is let."""
    taken = []
    for _ in range(times + 1):
        sync()
        started = time.perf_counter()
        run()
        sync()
        taken.append(time.perf_counter() - started)
    return min(taken[1:])


@torch.inference_mode()
def limits(
    device: torch.device, dtype: torch.dtype, sync: Callable[[], object], small: bool = False
) -> tuple[float, float]:
    """The fastest big product (operations/s) and reading of memory (bytes/s), of torch's ways to either."""
    size = 64 if small else 2048 if device.type == "cpu" else 8192
    a = torch.randn(size, size, device=device, dtype=dtype)
    packed = Linear(a, None, dtype, pack=True)
    product = min(fastest(lambda: a @ a, sync), fastest(lambda: packed(a), sync))
    # A single row times a matrix that no cache holds.
    wide = torch.randn(64 if small else 16 * 2048, 4096, device=device, dtype=dtype)
    vector = torch.randn(1, 4096, device=device, dtype=dtype)
    laid_out = Linear(wide, None, dtype, pack=True)
    ways = (lambda: wide.sum(), lambda: vector @ wide.t(), lambda: laid_out(vector))
    reading = min(fastest(way, sync) for way in ways)
    return 2.0 * size**3 / product, wide.nbytes / reading


class Bench:
    """One width on one device in one type: our model, the peers with the same weights, rows."""

    def __init__(self, width: int, device: torch.device, dtype: torch.dtype, rounds: int) -> None:
        self.width, self.device, self.dtype, self.rounds = width, device, dtype, rounds
        self.sync = torch.cuda.synchronize if device.type == "cuda" else (lambda: None)
        model = captioner(width)
        self.plain = plain_peer(model).to(device, dtype)
        self.peer = transformers_peer(model).to(device, dtype)
        self.model = model.to(device, dtype)
        self.weights, self.compiled = PackedWeights(self.model), PackedWeights(self.model, compiled=True)
        self.name = _name(width, dtype)
        self.agreement: dict[str, float] = {}

    def images(self, count: int) -> Tensor:
        generator = torch.Generator().manual_seed(count)
        return torch.randn(count, PATCHES, self.width, generator=generator).to(self.device, self.dtype)

    def against_transformers(
        self, images: int, beams: int, limit: tuple[float, float], target: float | None
    ) -> list[Row]:
        tokens = self.images(images)
        sides: dict[str, Callable[[], Tensor]] = {
            "ours": lambda: ours(self.model, tokens, beams, self.weights),
            "peer": lambda: generate(self.peer, tokens, beams),
        }
        name = f"{self.name}, {_way(beams)}, batch {images}"
        if self.device.type == "cuda":
            sides["compiled"] = lambda: ours(self.model, tokens, beams, self.compiled)
        ours(self.model, tokens, beams, self.weights)  # from the second time on one image is decoded as many are
        said = {side: run() for side, run in sides.items()}  # also the warm-up: steps are compiled
        self._compare(name, *said.values())
        taken = alternate(sides, self.rounds, warm_up=0, sync=self.sync)
        rows = [row(f"transformers: {name}", 1e3 * taken["ours"], 1e3 * taken["peer"], "ms", target)]
        if "compiled" in taken:
            name_compiled = f"transformers: {name}, ours compiled"
            rows.append(row(name_compiled, 1e3 * taken["compiled"], 1e3 * taken["peer"], "ms", target))
        return [*rows, self._share(name, images, beams, min(taken["ours"], taken.get("compiled", 1e9)), limit)]

    def against_ctranslate2(self, images: int, beams: int) -> list[Row]:
        """float32 beside float32, int8 beside int8."""
        tokens, rows = self.images(images), []
        name = f"{self.name}, {_way(beams)}, batch {images}"
        for kind, target in (("float32", 1.2), ("int8", 1.0)):
            if not find_spec("ctranslate2"):
                rows.append(not_measured(f"CTranslate2 {kind}: {name}", "ms", target, f"not measured: {INSTALL}"))
                continue
            weights, peers = self.ctranslate2[kind]
            for peer in peers.values():
                peer.prepare(tokens, beams)
            sides: dict[str, Callable[[], Tensor]] = {
                "ours": partial(ours, self.model, tokens, beams, weights),
                **{threads: peer.generate for threads, peer in peers.items()},
            }
            said = [run() for run in sides.values()]  # also the warm-up
            self._compare(f"CTranslate2 {kind}: {name}", *said, exact=kind == "float32")
            taken = {side: 1e3 * seconds for side, seconds in alternate(sides, self.rounds, warm_up=0).items()}
            own = taken.pop("ours")
            note = "the peer: " + ", ".join(f"{threads} {time:.0f} ms" for threads, time in taken.items())
            rows.append(row(f"CTranslate2 {kind}: {name}", own, min(taken.values()), "ms", target, note=note))
        return rows

    @cached_property
    def ctranslate2(self) -> dict[str, tuple[PackedWeights, dict[str, CTranslate2]]]:
        """Of each precision our weights and CTranslate2's models, by how many threads they have."""
        counts = sorted({1, torch.get_num_threads()})
        names = {count: "1 thread" if count == 1 else f"{count} threads" for count in counts}
        with tempfile.TemporaryDirectory() as folder:
            whisper(self.model).save(folder)
            peers = {
                kind: {name: CTranslate2(folder, kind, count) for count, name in names.items()}
                for kind in ("float32", "int8")
            }
        return {
            "float32": (self.weights, peers["float32"]),
            "int8": (PackedWeights(self.model, int8=True), peers["int8"]),
        }

    def close(self) -> None:
        """End the peers' processes."""
        for _, peers in vars(self).get("ctranslate2", {}).values():
            for peer in peers.values():
                peer.close()

    def against_loop(self, images: int, target: float | None) -> Row:
        tokens = self.images(images)
        sides = {
            "ours": lambda: ours(self.model, tokens, 1, self.weights),
            "peer": lambda: plain_loop(self.model, self.plain, tokens),
        }
        name = f"{self.name}, greedy, batch {images}"
        said = [sides["ours"](), sides["peer"]()]  # also the warm-up
        self._compare(f"loop: {name}", *said)
        taken = alternate(sides, self.rounds, warm_up=0, sync=self.sync)
        return row(f"loop without a cache: {name}", 1e3 * taken["ours"], 1e3 * taken["peer"], "ms", target)

    def _compare(self, name: str, found: Tensor, *others: Tensor, exact: bool = True) -> None:
        """In float32 the captions are the same but where two tokens are equally likely; bfloat16 and int8 have more."""
        same = min((found == other.cpu()).all(-1).float().mean().item() for other in others)
        self.agreement[name] = same
        if exact and self.dtype == torch.float32 and same < 0.95:
            sys.exit(f"{name}: only {same:.0%} of the captions are the peer's: the two don't do the same job")

    def _share(self, name: str, images: int, beams: int, seconds: float, limit: tuple[float, float]) -> Row:
        """What bounds it: a single row reads all weights for few operations, many rows use each weight often."""
        product, reading = limit
        least_arithmetic = arithmetic(self.width, images, beams) / product
        least_reading = NEW * weight_bytes(self.width, self.dtype.itemsize) / reading
        bound = "arithmetic" if least_arithmetic > least_reading else "memory"
        share = 100 * max(least_arithmetic, least_reading) / seconds
        rate = arithmetic(self.width, images, beams) / seconds / 1e9
        note = f"{rate:.0f} of {product / 1e9:.0f} Gflop/s; limit by {bound} ({reading / 1e9:.0f} GB/s)"
        return row(f"share of the limit: {name}", share, None, "%", higher_is_better=True, note=note)


def _name(width: int, dtype: torch.dtype) -> str:
    return f"width {width}" + {torch.float32: "", torch.bfloat16: ", bfloat16"}[dtype]


def _way(beams: int) -> str:
    return "greedy" if beams == 1 else f"beam {beams}"


def processor(size: str, rounds: int, wanted: re.Pattern[str]) -> tuple[list[Row], dict[str, Any]]:
    """The rows of a processor whose names match; bfloat16 only where it has instructions for it."""
    device, rows, agreement = torch.device("cpu"), [], {}
    widths, batches = ([512], [1, 16]) if size == "quick" else ([512, 1536], [1, 16, 64])
    types = [torch.float32]
    if size != "quick" and has_bfloat16("cpu"):
        types.append(torch.bfloat16)
    if size == "smoke":
        widths, batches = [16], [1, 2]
    for dtype in types:
        limit = limits(device, dtype, lambda: None, small=size == "smoke")
        for width in widths if dtype == torch.float32 else widths[:1]:
            name, first = _name(width, dtype), width == widths[0] and dtype == torch.float32
            ways = [(k, n) for k in (1, BEAMS) for n in batches if wanted.search(f"{name}, {_way(k)}, batch {n}")]
            if not ways:
                continue
            bench = Bench(width, device, dtype, rounds)
            for beams, images in ways:
                rows += bench.against_transformers(images, beams, limit, 2.5)
                if first and int8_is_possible(device):
                    rows += bench.against_ctranslate2(images, beams)
            if first and wanted.search("loop"):
                rows += [bench.against_loop(n, 8.0 if n == 64 else None) for n in batches]
            bench.close()
            agreement |= bench.agreement
    return rows, agreement


def gpu(rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Batch 64 and 256 on a GPU, in bfloat16, which is what it is for; not measured where there is none."""
    if not torch.cuda.is_available():
        names = [f"GPU: width {w}, {_way(k)}, batch {n}" for w in (512, 1536) for k in (1, BEAMS) for n in (64, 256)]
        return [not_measured(name, "ms", 3.0) for name in names], {}
    rows, agreement, device = [], {}, torch.device("cuda")
    limit = limits(device, torch.bfloat16, torch.cuda.synchronize)
    for width in (512, 1536):
        bench = Bench(width, device, torch.bfloat16, rounds)
        for beams in (1, BEAMS):
            for images in (64, 256):
                rows += bench.against_transformers(images, beams, limit, 3.0)
        agreement |= {f"GPU: {name}": same for name, same in bench.agreement.items()}
    return rows, agreement


def main() -> None:
    global LAYERS, FEED_FORWARD, VOCABULARY, NEW
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--rows", type=re.compile, default="", help="a pattern: of a processor's rows only such")
    chosen = parser.parse_args()
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    size = "smoke" if chosen.smoke else "quick" if chosen.quick else "full"
    if size == "smoke":
        LAYERS, FEED_FORWARD, VOCABULARY, NEW = 2, 32, 60, 4
    rounds = chosen.rounds or (3 if size == "full" else 1)  # after one that warms up
    started = time.perf_counter()
    rows, agreement = processor(size, rounds, chosen.rows)
    facts: dict[str, Any] = {name: version(name) for name in ("transformers", "ctranslate2") if find_spec(name)}
    facts["seconds"] = round(time.perf_counter() - started, 1)
    finish("decode", rows, same_captions=agreement, **facts)


if __name__ == "__main__":
    main()
