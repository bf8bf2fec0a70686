"""Laws of reading that hold for any text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sds3d.errors import UsageError
from sds3d.language.grammar import GRAMMAR
from sds3d.language.palette import COLORS, MATERIALS
from sds3d.language.prompt import LONGEST, parse
from sds3d.language.quantities import COUNTS, SIZES
from sds3d.language.reading import Reading, read
from sds3d.language.words import Use, split

NAMES = {
    "car": ("automobile", "racing car"),
    "teddy bear": ("teddy",),
    "armchair": ("easy chair",),
    "ice cream cone": ("ice cream",),
    "star": (),
    "glasses": (),
    "horse": (),
}
PARTS = {
    "car": ("body", "wheels", "roof"),
    "teddy bear": ("body", "bow tie"),
    "armchair": ("seat", "legs"),
}
SPOKEN = sorted(
    {
        *GRAMMAR,
        *COLORS,
        *MATERIALS,
        *SIZES,
        *COUNTS,
        *NAMES,
        "statue of",
        "pair of",
        "photo of",
        "4k",
    }
    | {
        "golden retriever",
        "scooter",
        "armchiar",
        "whels",
        "bow tie",
        "in the style of",
        "3",
        "#f80",
        "roof",
    }
)
sentences = st.lists(st.sampled_from(SPOKEN) | st.text(max_size=8), max_size=25).map(" ".join)
texts = st.text(st.characters(), max_size=LONGEST + 20) | sentences


def reading(text: str) -> Reading:
    return read(text, NAMES, lambda name, _: PARTS.get(name, ()))


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(texts)
def test_any_text_is_read_or_refused_and_every_word_of_it_has_a_fate(text: str) -> None:
    try:
        prompt = parse(text)
    except UsageError:
        return
    found = reading(prompt.text)
    assert "".join(fate.word for fate in found.fates) == "".join(prompt.text.split())
    assert "\n" not in found.note
    if not found.matches:
        assert all(
            f.use in (Use.NOT_MADE, Use.FUNCTION, Use.PUNCTUATION, Use.PICTURE) for f in found.fates
        )
        return
    assert any(fate.use is Use.KIND for fate in found.fates)
    assert set(found.parts) <= set(PARTS.get(found.matches[0][0], ()))
    assert all(word in found.note.lower() for word in found.ignored)
    assert reading(prompt.text) == found


@settings(max_examples=300, deadline=None, derandomize=True)
@given(sentences)
def test_a_word_is_corrected_only_to_a_word_of_the_note(text: str) -> None:
    found = reading(" ".join(text.split()))
    for fate in found.fates:
        assert not fate.corrected or f"'{fate.word}' corrected to '{fate.corrected}'" in found.note


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=200))
def test_a_text_is_its_words_and_marks_in_order(text: str) -> None:
    words = split(text)
    assert "".join(word.written for word in words) == "".join(text.split())
    assert [word.place for word in words] == list(range(len(words)))
    assert all(word.text and not word.text.isspace() for word in words)
