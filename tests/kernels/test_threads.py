"""Laws of how kernels are split between threads."""

import numpy as np
import pytest

from sds3d.kernels.threads import parallel_for


def count_up(start, stop, out):
    out[start:stop] += np.arange(start, stop)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [0, 1, 5, 100])
def test_the_pieces_cover_every_index_once(count, threads):
    out = np.zeros(count)
    parallel_for(count_up, count, out, threads=threads)
    np.testing.assert_array_equal(out, np.arange(count))


def test_an_exception_in_any_piece_is_raised():
    def fail_late(start, stop):
        if start > 0:
            raise ValueError(f"piece from {start}")

    with pytest.raises(ValueError, match="piece from 5"):
        parallel_for(fail_late, 10, threads=2)
