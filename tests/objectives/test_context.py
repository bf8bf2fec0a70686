"""Laws of what the loop offers to objectives."""

import torch

from sds3d.objectives.context import StepContext


def test_a_context_of_randomness_alone_is_the_only_step_of_a_run_without_students():
    context = StepContext(torch.Generator())
    assert (context.step, context.steps, context.fraction, context.t_low) == (0, 1, 0.0, 0.0)
    assert not context.students
    assert context.student is None


def test_one_student_is_the_student_and_of_several_none_is():
    one, two = object(), object()
    assert StepContext(torch.Generator(), students={"a": one}).student is one
    assert StepContext(torch.Generator(), students={"a": one, "b": two}).student is None
