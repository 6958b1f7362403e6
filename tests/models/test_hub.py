"""The hub: what it keeps is found, and where there is no network nobody waits for it."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub
import pytest
import timm

from hw3lib import config
from hw3lib.models import hub
from hw3lib.models.captioner import hub_file
from hw3lib.models.encoder import create_encoder
from hw3lib.system.errors import UserError


def unreachable(*_: object) -> None:
    raise RuntimeError("no route to host")


def waits(*_: object, **__: object) -> None:
    pytest.fail("the client was asked, which retries for most of a minute")


def test_without_a_network_the_client_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(huggingface_hub, "get_session", unreachable)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", waits)
    monkeypatch.setattr(timm, "create_model", waits)
    with pytest.raises(UserError, match=r"somebody/captioner is neither .* \(no route to host\)"):
        hub_file("somebody/captioner", "config.json", cache_dir=str(tmp_path))
    with pytest.raises(UserError, match=r"weights of resnet18.a1_in1k are neither in timm.s cache nor .*no route"):
        create_encoder(config.Encoder(name="resnet18.a1_in1k"))


def test_what_the_cache_holds_needs_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    snapshot = tmp_path / "models--somebody--captioner" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    assert hub.cached("somebody/captioner", ["none.json", "config.json"], cache_dir=str(tmp_path)) is not None
    assert hub.cached("somebody/captioner", ["none.json"], cache_dir=str(tmp_path)) is None
    asked = []
    monkeypatch.setattr(huggingface_hub, "get_session", unreachable)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *given, **_: asked.append(given) or "config.json")
    assert hub_file("somebody/captioner", "config.json", cache_dir=str(tmp_path)) == Path("config.json")
    assert asked == [("somebody/captioner", "config.json")]
