"""Laws of what a prior is conditioned on."""

from dataclasses import fields, replace

import pytest
import torch

from sds3d.diffusion.cond import Cond, Embedding, cat


def embedding(rng, rows=2):
    return Embedding(
        torch.randn(rows, 3, 4, generator=rng),
        torch.randn(rows, 5, generator=rng),
        torch.randn(rows, generator=rng),
        torch.randint(2, (rows, 3), generator=rng),
    )


@pytest.fixture
def full(rng):
    """A Cond of which every field is set."""
    return Cond(
        text=embedding(rng),
        null=embedding(rng),
        camera=torch.randn(2, 16, generator=rng),
        plain=embedding(rng),
        empty=embedding(rng),
        image=embedding(rng),
        away=((embedding(rng), torch.randn(2, generator=rng)),),
        rescale=0.5,
        background=torch.rand(2, 3, generator=rng),
        views=object(),
    )


def test_a_batch_of_branches_keeps_every_field(full):
    branches = [full, full.unconditional(), full.without_camera()]
    joined = cat(branches)
    assert len(joined) == 6
    for f in fields(Embedding):
        for name in ("text", "null", "plain", "empty", "image"):
            parts = [getattr(getattr(c, name), f.name) for c in branches]
            assert torch.equal(getattr(getattr(joined, name), f.name), torch.cat(parts))
        assert torch.equal(
            getattr(joined.away[0][0], f.name),
            torch.cat([getattr(c.away[0][0], f.name) for c in branches]),
        )
    assert torch.equal(joined.away[0][1], torch.cat([full.away[0][1]] * 3))
    assert torch.equal(joined.camera, torch.cat([c.camera for c in branches]))
    assert joined.rescale == 0.5
    assert joined.background is full.background
    assert joined.views is full.views


@pytest.mark.parametrize(
    "change",
    [
        {"views": None},
        {"rescale": 0.0},
        {"plain": None},
        {"empty": None},
        {"image": None},
        {"away": ()},
    ],
    ids=str,
)
def test_branches_of_different_batches_are_not_joined(full, change):
    with pytest.raises(ValueError, match=r"branches|shorter"):
        cat([full, replace(full, **change)])


def test_an_embedding_with_and_one_without_a_pooled_vector_are_not_joined(full):
    bare = Embedding(full.text.embedding)
    with pytest.raises(ValueError, match="only some"):
        cat([full, replace(full, text=bare)])


def test_each_branch_changes_only_what_it_names(full):
    def differing(other):
        return {f.name for f in fields(Cond) if getattr(full, f.name) is not getattr(other, f.name)}

    assert full.unconditional().text is full.null
    assert differing(full.unconditional()) == {"text"}
    assert full.without_prompt().text is full.empty
    assert full.without_directions().text is full.plain
    assert replace(full, plain=None).without_directions().text is full.text
    assert differing(full.without_prompt()) == {"text"}
    assert replace(full, empty=None).without_prompt().text is full.null
    assert full.with_image().text is full.image
    assert differing(full.with_image()) == {"text"}
    assert replace(full, image=None).with_image() is None
    assert not full.without_camera().camera.any()
    assert differing(full.without_camera()) == {"camera"}


def test_a_function_is_mapped_over_the_parts_that_an_embedding_has(rng):
    whole = embedding(rng)
    first = whole.map(lambda x: x[:1])
    for f in fields(Embedding):
        assert torch.equal(getattr(first, f.name), getattr(whole, f.name)[:1])
    assert Embedding(whole.embedding).map(lambda x: 2 * x).pooled is None
