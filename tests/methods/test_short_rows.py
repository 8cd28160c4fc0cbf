"""The backward pass of attention over short rows comes to torch's own."""

from collections.abc import Callable

import pytest
import torch

from studio.methods.fast_path.short_rows import ShortRows


@pytest.mark.parametrize("shared", [1, 2])
def test_attention_over_short_rows_goes_backward_as_exactly_as_torchs_own(shared: int) -> None:
    """Against float32: no further from it than torch's own is from itself in bfloat16, and a bit for rounding."""
    torch.manual_seed(0)
    query = torch.randn(2, 4, 40, 16)
    key, value = (torch.randn(2, 4 // shared, 40, 16) for _ in range(2))
    wanted = torch.randn(2, 4, 40, 16)

    def gradients(take: Callable[..., torch.Tensor], dtype: torch.dtype) -> list[torch.Tensor]:
        read = [each.clone().to(dtype).requires_grad_() for each in (query, key, value)]
        take(*read).backward(wanted.to(dtype))
        return [each.grad.float() for each in read if each.grad is not None]

    def own(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        scaled: torch.Tensor = ShortRows.apply(q, k, v, 0.25)
        return scaled

    def torchs(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=shared > 1)

    exact = gradients(torchs, torch.float32)
    for one, other in zip(gradients(own, torch.float32), exact, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    for one, other in zip(gradients(own, torch.bfloat16), exact, strict=True):
        assert (one - other).norm() < 0.01 * other.norm()
