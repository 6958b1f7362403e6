"""The models of the written report, and ``plus``, in full size without their weights: a training step, a caption each.

About 300 million parameters each. Run by ``.ci/run``: ``pytest -m slow``.
"""

from __future__ import annotations

import dataclasses
import gc
import math

import pytest
import torch

from hw3lib import config
from hw3lib.data.tokenizer import CaptionTokenizer
from hw3lib.models.captioner import Captioner
from hw3lib.models.decoding import greedy
from hw3lib.training.optimization import parameter_groups
from hw3lib.training.validation import next_token_loss

pytestmark = pytest.mark.slow

# The backbone's own parameters in millions, from timm's model cards, without the classifier; its patches; its width.
EXPECTED = {
    "best": (195.0, (7, 7), 1536),
    "swin_base": (86.7, (7, 7), 1024),
    "swinv2": (86.9, (8, 8), 1024),
    "vit": (85.8, (28, 28), 768),
    "plus": (303.2, (16, 16), 1024),
}


@pytest.mark.parametrize("name", list(EXPECTED))
def test_a_full_size_model_trains_a_step_and_captions(name: str, tmp_path) -> None:
    run = config.load("hw3").run(name)
    run = dataclasses.replace(run, encoder=dataclasses.replace(run.encoder, weights="none"))
    tokenizer = CaptionTokenizer.train(["a man rides a wave on a surfboard"], 60, tmp_path / "t.json")
    torch.manual_seed(0)
    vocabulary = config.load("hw3").captions.vocabulary_size
    model = Captioner(run, vocabulary)
    millions, grid, width = EXPECTED[name]
    assert sum(p.numel() for p in model.encoder.parameters()) / 1e6 == pytest.approx(millions, rel=0.01)
    assert model.encoder.num_features == width
    assert len(model.blocks) == run.decoder.layers
    model.encoder.set_grad_checkpointing(run.training.activation_checkpointing)

    # Plain descent: Adam's moments would double the memory, and are tested elsewhere.
    groups = parameter_groups(model, run.training.weight_decay, run.training.encoder_rate_scale)
    optimizer = torch.optim.SGD([{"params": group["params"]} for group in groups], lr=1e-2)
    h, w = model.transform(train=True).size
    images, tokens = torch.randn(1, 3, h, w), torch.tensor([[2, 10, 11, 12, 3], [2, 13, 14, 3, 0]])
    losses = []
    for _ in range(2):
        model.train()
        loss = next_token_loss(model(images, tokens[:, :-1]), tokens, tokenizer.pad)
        loss.backward()
        torch.nn.utils.clip_grad_value_(model.parameters(), run.training.clip_value)
        optimizer.step()
        # Not that they are not zero: a single image may skip a block (stochastic depth), SwinV2 starts with shut ones.
        assert all(parameter.grad is not None for parameter in model.parameters())
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
    assert losses[0] == pytest.approx(math.log(vocabulary), abs=1.0)
    assert losses[1] < losses[0]

    model.eval()
    with torch.inference_mode():
        memory = model.encode(images)
        assert memory.grid == grid
        caption = greedy(model, memory, tokenizer, max_length=6)[0]
        attention = model(memory, torch.tensor([caption.tokens]), return_attention=True)[1]
    assert 2 <= len(caption.tokens) <= 6
    heads = (run.decoder.layers, run.decoder.heads)
    assert attention.shape == (1, *heads, len(caption.tokens), grid[0] * grid[1])
    del model, optimizer, groups, memory, attention
    gc.collect()
