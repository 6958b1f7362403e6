"""Which language captions are in, and what its words are."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from hw3lib import config
from hw3lib.data.caption_files import read_captions
from hw3lib.data.language import Language, detect, language_words
from hw3lib.system.errors import UserError
from tests.support import places

CAPTIONS = {
    "zh": ["一只狗在海滩上奔跑。", "一个穿着 T恤 的男人在NBA球场打球", "Logo 旁边有两个人"],
    "ja": ["犬が浜辺で走っている。", "カメラを持つ男性", "東京駅"],
    "ko": ["한 마리의 개가 해변에 있다", "빨간 TV"],
    "ar": ["كلب يركض على الشاطئ", "رجلان يقفان بجانب سيارة"],
    "he": ["כלב רץ על החוף"],
    "th": ["สุนัขวิ่งบนชายหาด"],
    "hi": ["कुत्ता समुद्र तट पर दौड़ रहा है।"],
    "ru": ["Собака бежит по пляжу"],
    "und": ["Ein Hund rennt am Strand.", "Zwei Männer stehen neben einem Auto.", "Ein rotes Auto auf der Straße"],
}


@pytest.mark.parametrize("tag", CAPTIONS)
def test_the_language_of_captions_is_told_by_their_letters(tag: str) -> None:
    assert detect(CAPTIONS[tag]) == tag


@pytest.mark.parametrize(
    "captions",
    [
        ["Un chien court sur la plage.", "Deux hommes à côté d'une voiture."],
        ["Um cachorro corre na praia", "a mulher anda a cavalo", "Dois homens ao lado de um carro"],
        ["Egy kutya fut a parton", "Két férfi áll egy autó mellett", "a fekete kutya a fűben fut"],
        ["Een hond rent in het gras.", "Twee mannen staan bij een auto"],
        ["Seekor anjing berlari di pantai dengan bola", "Dua pria berdiri di samping mobil yang merah"],
        ["Koira juoksee rannalla iloisesti", "punainen auto on kadulla", "nainen istuu penkillä puistossa"] * 3,
    ],
)
def test_other_captions_in_latin_letters_are_never_taken_for_english(captions: list[str]) -> None:
    assert detect(captions) == "und"


@pytest.mark.parametrize(
    "captions",
    [["a dog"] * 3, ["dog", "cat"], ["People skiing."], ["A café in Zürich."], ["two cows", "🐕"], ["123"], [], [""]],
)
def test_few_english_words_are_english(captions: list[str]) -> None:
    assert detect(captions) == "en"


@pytest.mark.skipif(not places.REAL.is_dir(), reason="the real material is not beside the project")
@pytest.mark.parametrize("split", ["train", "val"])
def test_real_captions_are_english_whichever_are_looked_at(split: str) -> None:
    captions = read_captions(places.REAL / "flickr8k" / f"{split}.json").captions.values()
    assert detect(text for group in captions for text in group) == "en"
    assert {detect(group) for group in captions} == {"en"}


def test_words_are_characters_where_no_spaces_part_them_and_unicodes_words_elsewhere() -> None:
    def words(text: str) -> list[str]:
        spans = language_words(text)
        assert all(text[start:end] == word for word, start, end in spans)
        return [word for word, _, _ in spans]

    assert words("一只dog，在NBA球场。") == ["一", "只", "dog", "在", "NBA", "球", "场"]
    assert words("カメラ、東京。") == ["カ", "メ", "ラ", "東", "京"]
    assert words("น้ำ ดี") == ["น้ำ", "ดี"]  # a character with its marks
    assert words("کتاب‌ها، می‌روند؟") == ["کتاب‌ها", "می‌روند"]  # with its joiners
    assert words("कुत्ता दौड़ रहा है।") == ["कुत्ता", "दौड़", "रहा", "है"]
    assert words("l'été, 3.5 km…") == ["l'été", "3.5", "km"]
    assert words("... 🐕 $") == []


def test_jieba_parts_chinese_words() -> None:
    pytest.importorskip("jieba")
    assert [word for word, _, _ in language_words("一只狗在海滩上。", "jieba")] == ["一只", "狗", "在", "海滩", "上"]


def test_without_jieba_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from hw3lib.data import language

    language._jieba.cache_clear()
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(UserError, match="pip install jieba"):
        Language("zh", "jieba").words("狗")


def test_tokens_that_metrics_count_do_not_hang_on_width_case_and_signs() -> None:
    assert Language("zh").tokens("ＮＢＡ球场！") == Language("zh").tokens("nba 球场") == ["nba", "球", "场"]
    assert Language("und").tokens("Der Hund, »groß«") == ["der", "hund", "groß"]


def test_a_profiles_language_counts_and_a_wrong_one_is_refused(tiny_profile: config.Profile) -> None:
    setting = tiny_profile.captions
    assert Language.of(setting, CAPTIONS["zh"]) == Language("zh", detected=True)
    assert Language.of(replace(setting, language="de"), CAPTIONS["und"]) == Language("de")
    assert Language.of(replace(setting, language="fa"), CAPTIONS["ar"]).name == "Persian"
    assert Language.of(replace(setting, language="ja"), ["東京"]).tag == "ja"
    with pytest.raises(UserError, match=r"captions.language is en, but .* Han letters \(.*一只狗"):
        Language.of(replace(setting, language="en"), CAPTIONS["zh"])
    with pytest.raises(UserError, match=r"captions.language is zh, but .* Latin letters"):
        Language.of(replace(setting, language="zh"), ["a dog"])
    with pytest.raises(UserError, match="jieba parts Chinese words, but the captions are English"):
        Language.of(replace(setting, words="jieba"), ["a dog"])
