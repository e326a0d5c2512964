"""The figures' arithmetic."""

import numpy as np

from lab.evaluate.estimates import rank_correlation


def test_rank_correlation_sees_order_only() -> None:
    values = np.array([3, 1, 2, 5], np.float32)
    assert rank_correlation(values, np.exp(values)) == 1
    assert rank_correlation(values, -values) == -1
    assert np.isnan(rank_correlation(values, np.ones(4, np.float32)))


def test_equal_values_share_their_rank() -> None:
    ties = np.array([1, 1, 2], np.float32)
    assert abs(rank_correlation(ties, np.array([1, 2, 3], np.float32)) - 0.866) < 1e-3
