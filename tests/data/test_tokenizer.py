"""The caption tokenizer: training, round trips, words, and the original file."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from hw3lib import config
from hw3lib.data.tokenizer import SPECIAL, CaptionTokenizer, load_or_train
from hw3lib.system.errors import UserError
from tests.support import places

REAL = places.REAL / "caption_tokenizer.json"
CAPTIONS = [
    "A red bus parks beside the umbrella.",
    "A boy in a t-shirt rides a skateboard, isn't it fun?",
    "Two dogs (one brown) run; the dog's ball is red.",
    "Riding, riding, riding: skateboards and umbrellas everywhere!",
] * 3


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> CaptionTokenizer:
    return CaptionTokenizer.train(CAPTIONS, 120, tmp_path_factory.mktemp("tokenizer") / "t.json")


def test_special_tokens_have_their_places(tokenizer: CaptionTokenizer) -> None:
    assert (tokenizer.pad, tokenizer.unk, tokenizer.bos, tokenizer.eos) == (0, 1, 2, 3)
    assert tokenizer.pieces([0, 1, 2, 3]) == list(SPECIAL)
    ids = tokenizer.encode("A red bus")
    assert ids[0] == 2
    assert ids[-1] == 3
    assert 1 not in ids


@pytest.mark.parametrize("text", sorted(set(CAPTIONS)))
def test_a_caption_survives_the_round_trip_in_lower_case(tokenizer: CaptionTokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text.lower()


def test_words_merge_sub_words_and_cover_every_token_once(tokenizer: CaptionTokenizer) -> None:
    ids = tokenizer.encode("A boy's skateboards, isn't it? T-shirt (brown)")
    words = tokenizer.words(ids)
    assert [word for word, _ in words] == [
        "[BOS]", "a", "boy's", "skateboards", ",", "isn't", "it", "?", "t-shirt", "(", "brown", ")", "[EOS]",
    ]  # fmt: skip
    assert [index for _, tokens in words for index in tokens] == list(range(len(ids)))
    assert any(len(tokens) > 1 for word, tokens in words if word == "skateboards")


def test_padding_is_no_word_and_strange_ids_are_unknown(tokenizer: CaptionTokenizer) -> None:
    ids = [*tokenizer.encode("a bus"), 0, 0]
    assert [word for word, _ in tokenizer.words(ids)] == ["[BOS]", "a", "bus", "[EOS]"]
    assert tokenizer.decode(ids) == "a bus"
    assert tokenizer.pieces([10**6]) == ["[UNK]"]


def test_a_sign_that_was_never_seen_is_unknown(tokenizer: CaptionTokenizer) -> None:
    assert tokenizer.unk in tokenizer.encode("a ☃ bus")


def test_special_tokens_written_in_a_caption_are_text(tokenizer: CaptionTokenizer) -> None:
    ids = tokenizer.encode("a bus [EOS] [BOS]")
    assert ids.count(tokenizer.eos) == 1
    assert ids.count(tokenizer.bos) == 1


def test_training_twice_gives_the_same_file(tmp_path: Path) -> None:
    text = [f"a {word} and {word[::-1]}" for word in ("lantern", "gravel", "mitten", "orchid", "walnut", "harbor")] * 2
    files = [CaptionTokenizer.train(text, 90, tmp_path / f"{n}.json").path for n in range(4)]
    assert len({file.read_text() for file in files if file}) == 1


def test_the_vocabulary_is_as_large_as_asked(tokenizer: CaptionTokenizer, tmp_path: Path) -> None:
    assert tokenizer.size <= 120
    assert CaptionTokenizer.train(CAPTIONS, 100, tmp_path / "t.json").size == 100
    added = json.loads((tmp_path / "t.json").read_text())["added_tokens"]
    assert [token["content"] for token in added] == list(SPECIAL)


def test_no_captions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no captions"):
        CaptionTokenizer.train([], 100, tmp_path / "t.json")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("{}")
    with pytest.raises(UserError, match=r"t\.json is not a file of"):
        CaptionTokenizer.load(tmp_path / "t.json")
    with pytest.raises(UserError, match="no tokenizer file"):
        CaptionTokenizer.load(tmp_path / "missing.json")


def test_other_special_tokens_are_refused(tmp_path: Path, tokenizer: CaptionTokenizer) -> None:
    assert tokenizer.path
    (tmp_path / "t.json").write_text(tokenizer.path.read_text().replace("[EOS]", "[SEP]"))
    with pytest.raises(UserError, match=r"must have \[PAD\]"):
        CaptionTokenizer.load(tmp_path / "t.json")


def test_byte_level_files_are_read_too(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    other = Tokenizer(models.BPE(unk_token="[UNK]"))
    other.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    other.decoder = decoders.ByteLevel()
    other.train_from_iterator(CAPTIONS, trainers.BpeTrainer(vocab_size=150, special_tokens=list(SPECIAL)))
    other.save(str(tmp_path / "bytes.json"))
    tokenizer = CaptionTokenizer.load(tmp_path / "bytes.json")
    ids = tokenizer.encode("A red umbrella")
    assert [word for word, _ in tokenizer.words(ids)] == ["[BOS]", "A", "red", "umbrella", "[EOS]"]


@pytest.mark.parametrize("capitals", [False, True])
def test_capitals_are_read_in_the_case_that_the_file_knows(tmp_path: Path, capitals: bool) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    other = Tokenizer(models.BPE(unk_token="[UNK]"))  # nothing in the file lower-cases
    other.pre_tokenizer = pre_tokenizers.Whitespace()
    seen = [*CAPTIONS, *(caption.upper() for caption in CAPTIONS)] if capitals else [c.lower() for c in CAPTIONS]
    other.train_from_iterator(seen, trainers.BpeTrainer(vocab_size=300, special_tokens=list(SPECIAL)))
    other.save(str(tmp_path / "case.json"))
    tokenizer = CaptionTokenizer.load(tmp_path / "case.json")
    ids = tokenizer.encode("A RED bus")
    assert tokenizer.unk not in ids
    assert (ids == tokenizer.encode("a red bus")) is not capitals


def small_file(kind: str) -> CaptionTokenizer:
    """A tokenizer that knows "a", "dog" and some letters, in one of the ways that files split words."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {token: place for place, token in enumerate(SPECIAL)}
    if kind == "WordPiece":
        pieces = ["a", "dog", "bike", "##s", "."]
        file = Tokenizer(
            models.WordPiece(vocabulary | {piece: 4 + place for place, piece in enumerate(pieces)}, unk_token="[UNK]")
        )
    elif kind == "BPE":
        pieces = ["a", "d", "##o", "##g", "##do", "dog", "b", "##i", "##k", "##e", "##s", "##ik", "."]
        vocabulary |= {piece: 4 + place for place, piece in enumerate(pieces)}
        file = Tokenizer(models.BPE(vocabulary, [("##i", "##k")], unk_token="[UNK]", continuing_subword_prefix="##"))
    else:
        pieces = ["▁", "▁a", "▁d", "o", "g", "d"]
        vocabulary |= {piece: 4 + place for place, piece in enumerate(pieces)}
        file = Tokenizer(models.BPE(vocabulary | {"a": 20}, [("▁", "d"), ("▁", "a")], unk_token="[UNK]"))
    file.pre_tokenizer = pre_tokenizers.Metaspace() if kind == "SentencePiece" else pre_tokenizers.Whitespace()
    return CaptionTokenizer(file)


@pytest.mark.parametrize(
    ("kind", "text", "unknown"),
    [
        ("WordPiece", "a quick dog.", [("quick", [2])]),  # the whole word is one [UNK]
        ("WordPiece", "a dog bikes", []),
        ("BPE", "a bizkes dog.", [("bizkes", [2, 3, 4, 5, 6, 7])]),  # known and unknown pieces
        ("BPE", "a zdog, dog", [("zdog", [2, 3, 4, 5]), (",", [6])]),
        ("SentencePiece", "a dzg dog", [("dzg", [2, 3, 4])]),
    ],
)
def test_words_that_the_vocabulary_lacks_are_known_as_typed_with_all_of_their_pieces(kind, text, unknown) -> None:
    tokenizer = small_file(kind)
    assert tokenizer.unknown_words(text) == unknown
    ids = tokenizer.encode(text)
    assert all(tokenizer.unk in [ids[place] for place in places] for _, places in unknown)


def test_a_profile_without_a_tokenizer_trains_one_once(tiny_profile: config.Profile) -> None:
    path = Path(tiny_profile.captions.tokenizer)
    first = load_or_train(tiny_profile.captions)
    assert path.is_file()
    assert first.decode(first.encode("There is a triangle, it is red.")) == "there is a triangle, it is red."
    before = path.stat().st_mtime_ns
    assert load_or_train(tiny_profile.captions).size == first.size
    assert path.stat().st_mtime_ns == before


@pytest.mark.skipif(not REAL.is_file(), reason="the real material is not beside the project")
def test_the_original_file_needs_no_decoder_no_padding_and_no_upper_case() -> None:
    tokenizer = CaptionTokenizer.load(REAL)
    assert tokenizer.size == 18022
    ids = tokenizer.encode("A man isn't riding a zxqwv, but a fire-hydrant.")
    assert tokenizer.unk not in ids
    assert tokenizer.pad not in ids
    assert tokenizer.decode(ids) == "a man isn't riding a zxqwv, but a fire-hydrant."
    words = dict(tokenizer.words(ids))
    assert len(words["zxqwv"]) > 1
    assert len(words["fire-hydrant"]) == 3


SPELT = [
    "A café in Zürich.", "“Quotes” – and dashes…", "the girl’s naïve dog", "a dog 🐕 and 👩‍👩‍👧", "2 men, 3½ pizzas",
    "日本 の 猫", "plain words only",
]  # fmt: skip


def byte_level() -> Tokenizer:
    file = Tokenizer(models.BPE())
    file.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    file.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=list(SPECIAL), initial_alphabet=alphabet)
    file.train_from_iterator([*SPELT[:2], "a dog on a beach"] * 3, trainer)
    return file


def byte_fallback() -> Tokenizer:
    pieces = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "a", "▁a", "d", "o", "g", "▁do", "▁dog"]
    file = Tokenizer(
        models.BPE({piece: n for n, piece in enumerate(pieces)}, [("▁", "a")], unk_token="[UNK]", byte_fallback=True)
    )
    file.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    file.decoder = decoders.Sequence(steps)
    return file


def unigram(captions: Sequence[str] = SPELT, size: int = 300) -> Tokenizer:
    file = Tokenizer(models.Unigram())
    file.pre_tokenizer, file.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    special = {"special_tokens": list(SPECIAL), "unk_token": "[UNK]"}
    trainer = trainers.UnigramTrainer(vocab_size=size, show_progress=False, **special)
    file.train_from_iterator([*captions] * 3, trainer)
    return file


def word_piece() -> Tokenizer:
    file = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    file.pre_tokenizer, file.decoder = pre_tokenizers.WhitespaceSplit(), decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=list(SPECIAL), show_progress=False)
    file.train_from_iterator(SPELT * 3, trainer)
    return file


def plain_bpe() -> Tokenizer:
    file = Tokenizer(models.BPE(unk_token="[UNK]", continuing_subword_prefix="##"))
    file.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=list(SPECIAL), continuing_subword_prefix="##")
    file.train_from_iterator(SPELT * 3, trainer)
    return file


def without_decoder(file: Tokenizer) -> Tokenizer:
    content = json.loads(file.to_str())
    return Tokenizer.from_str(json.dumps(content | {"decoder": None}))


KINDS: dict[str, Callable[[], Tokenizer]] = {
    "byte level": byte_level,
    "byte level, no decoder": lambda: without_decoder(byte_level()),
    "byte fallback": byte_fallback,
    "byte fallback, no decoder": lambda: without_decoder(byte_fallback()),
    "unigram": unigram,
    "word piece": word_piece,
    "plain": plain_bpe,
}


@pytest.mark.parametrize("kind", KINDS)
def test_captions_come_back_as_they_were_written_whole_and_word_by_word(kind: str) -> None:
    """A byte-level file's "A café" was shown as "A cafÃ©"."""
    tokenizer = CaptionTokenizer(KINDS[kind]())
    for caption in SPELT:
        ids = tokenizer.encode(caption)
        assert tokenizer.unk not in ids
        words = tokenizer.words(ids)
        if caption == "日本 の 猫":  # whose script has no spaces: a token is a word, and words have none between them
            assert tokenizer.decode(ids).replace(" ", "") == "".join(text for text, _ in words[1:-1]) == "日本の猫"
        else:
            assert tokenizer.decode(ids) == caption
            assert [text for text, _ in words[1:-1]] == caption.split()
        assert [place for _, places in words for place in places] == list(range(len(ids)))


WRITTEN = {  # captions in a language, and the words of the last
    "zh": (
        ["一只狗在海滩上。", "两个人，在草地上打球！", "一个穿着 T恤 的男人「跑」", "一只dog在NBA球场"],
        ["一", "只", "dog", "在", "nba", "球", "场"],
    ),
    "ja": (["犬が「浜辺」で走っている。", "カメラを持つ男性"], ["カ", "メ", "ラ", "を", "持", "つ", "男", "性"]),
    "th": (["สุนัขวิ่งบนชายหาด น้ำใส", "น้ำดี"], ["น้ำ", "ดี"]),
    "ar": (["كلب يركض على الشاطئ، يجري؟", "رَجُلٌ «كبير» هنا."], ["رَجُلٌ", "«", "كبير", "»", "هنا", "."]),
    "fa": (["کتاب‌ها می‌روند، خوب."], ["کتاب‌ها", "می‌روند", "،", "خوب", "."]),
    "he": (["כֶּלֶב רץ על החוף."], ["כֶּלֶב", "רץ", "על", "החוף", "."]),
    "hi": (["कुत्ता समुद्र तट पर क्‍षमा।"], ["कुत्ता", "समुद्र", "तट", "पर", "क्‍षमा", "।"]),
    "ko": (["빨간 TV 옆의 개."], ["빨간", "tv", "옆의", "개", "."]),
    "de": (
        ["Ein „Hund“ rennt – geht's (nass)?"],
        ["ein", "„", "hund", "“", "rennt", "–", "geht's", "(", "nass", ")", "?"],
    ),
}


@pytest.mark.parametrize("tag", WRITTEN)
def test_captions_in_other_languages_come_back_as_they_were_written_and_by_their_words(
    tag: str, tmp_path: Path
) -> None:
    captions, words = WRITTEN[tag]
    tokenizer = CaptionTokenizer.train(captions * 3, 400, tmp_path / "t.json")
    for caption in captions:
        ids = tokenizer.encode(caption)
        assert tokenizer.unk not in ids
        assert tokenizer.decode(ids) == unicodedata.normalize("NFC", caption).lower()
        places = [place for _, places in tokenizer.words(ids) for place in places]
        assert places == list(range(len(ids)))
    expected = [unicodedata.normalize("NFC", word) for word in words]
    assert [word for word, _ in tokenizer.words(ids)[1:-1] if word] == expected


def test_a_vocabulary_has_no_sentences_where_no_spaces_part_words(tmp_path: Path) -> None:
    captions = [f"一只{animal}在{place}上。" for animal in "狗猫马羊牛" for place in ("海滩", "草地", "街道")]
    tokenizer = CaptionTokenizer.train(captions * 4, 400, tmp_path / "t.json")
    tokens = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert max(len(token) for token in tokens if token not in SPECIAL) == 1
    assert tokenizer.unknown_words("一只虎在海豹上") == [("虎", [3]), ("豹", [6])]


def test_the_rarest_characters_are_unknown_where_the_vocabulary_has_no_room(tmp_path: Path) -> None:
    captions = ["一只狗在海滩上。"] * 3 + ["一只狗在海上"] * 3 + ["鹦鹉"]
    files = [CaptionTokenizer.train(captions, 10, tmp_path / f"{n}.json") for n in range(3)]
    assert len({file.path.read_bytes() for file in files if file.path}) == 1
    assert files[0].size == 10
    assert files[0].decode(files[0].encode("一只狗在海上")) == "一只狗在海上"
    assert files[0].decode(files[0].encode("一只鹦")) == "一只 [UNK]"


def test_an_english_file_is_what_it_was(tmp_path: Path) -> None:
    CaptionTokenizer.train(["a dog (羊)", "two dogs on a beach"] * 2, 60, tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert (content["pre_tokenizer"], content["decoder"]["type"]) == ({"type": "Whitespace"}, "WordPiece")


def like_bert_chinese() -> Tokenizer:
    file = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    file.normalizer, file.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    file.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=list(SPECIAL), show_progress=False)
    file.train_from_iterator(WRITTEN["zh"][0] * 3, trainer)
    return file


@pytest.mark.parametrize(
    ("file", "tag"),
    [
        (like_bert_chinese, "zh"), (byte_level, "zh"), (byte_fallback, "zh"),
        (lambda: unigram(WRITTEN["ja"][0], 60), "ja"),
        (lambda: without_decoder(byte_level()), "ja"), (lambda: without_decoder(like_bert_chinese()), "zh"),
    ],
)  # fmt: skip
def test_foreign_files_give_back_captions_without_spaces_and_no_word_is_a_sentence(
    file: Callable[[], Tokenizer], tag: str
) -> None:
    tokenizer = CaptionTokenizer(file())
    caption = {"zh": "一只dog在海滩上。", "ja": "犬が浜辺で走っている。"}[tag]
    ids = tokenizer.encode(caption)
    if tokenizer.unk not in ids:
        assert tokenizer.decode(ids) == caption
    words = tokenizer.words(ids)[1:-1]
    assert "".join(word for word, _ in words) == caption
    assert [place for _, places in words for place in places] == list(range(1, len(ids) - 1))
    assert max(len(word) for word, _ in words) <= 5
    if tag == "zh":
        assert [word for word, _ in words if word.strip()] == ["一", "只", "dog", "在", "海", "滩", "上", "。"]


def test_chinese_characters_are_joined_to_jiebas_words_where_the_profile_says_so(tmp_path: Path) -> None:
    pytest.importorskip("jieba")
    tokenizer = CaptionTokenizer.train(WRITTEN["zh"][0] * 3, 400, tmp_path / "t.json")
    tokenizer.segmenter = "jieba"
    words = tokenizer.words(tokenizer.encode("一只dog在海滩上，打球。"))
    assert [word for word, _ in words[1:-1]] == ["一只", "dog", "在", "海滩", "上", "，", "打球", "。"]
    assert [place for _, places in words for place in places] == list(
        range(len(tokenizer.encode("一只dog在海滩上，打球。")))
    )
