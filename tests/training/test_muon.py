import torch

from hw3lib.training.muon import MuonAdamW, orthogonal


def plain(matrix: torch.Tensor) -> torch.Tensor:
    """One matrix after another, by its singular values, each through Jordan's polynomial five times."""
    u, s, v = torch.linalg.svd(matrix.double(), full_matrices=False)
    s = s / s.norm()
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return (u * s) @ v


def test_matrices_become_orthogonal_together_as_each_would_by_its_singular_values() -> None:
    torch.manual_seed(0)
    for shape in [(3, 8, 8), (2, 12, 5), (2, 5, 12)]:
        matrices = torch.randn(shape)
        expected = torch.stack([plain(matrix) for matrix in matrices]).float()
        torch.testing.assert_close(orthogonal(matrices), expected, atol=1e-4, rtol=1e-4)
        rough = orthogonal(matrices, torch.bfloat16)
        assert rough.dtype == torch.float32
        assert (rough - expected).norm() < 0.1 * expected.norm()
    assert not orthogonal(torch.zeros(1, 4, 4)).any()


def test_marked_matrices_move_by_muon_and_the_rest_by_adamw_alone() -> None:
    torch.manual_seed(0)
    matrix, idle, vector = (torch.nn.Parameter(torch.randn(shape)) for shape in [(6, 4), (6, 4), (5,)])
    twin = torch.nn.Parameter(vector.detach().clone())
    groups = [
        {"params": [vector], "weight_decay": 0.0, "muon": False},
        {"params": [matrix, idle], "weight_decay": 0.1, "muon": True},
    ]
    optimizer = MuonAdamW(groups, torch.float32)
    reference = torch.optim.AdamW([twin], lr=0.01, weight_decay=0.0, fused=True)
    expected, momentum, rested = matrix.detach().clone(), torch.zeros(6, 4), idle.detach().clone()
    for _ in range(3):
        for group in optimizer.param_groups:
            group["lr"] = 0.01
        matrix.grad, vector.grad = torch.randn(6, 4), torch.randn(5)
        twin.grad = vector.grad.clone()
        optimizer.step()
        reference.step()
        momentum = 0.95 * momentum + 0.05 * matrix.grad
        update = plain(0.05 * matrix.grad + 0.95 * momentum).float()
        expected = expected * (1 - 0.01 * 0.1) - 0.01 * 0.2 * 6**0.5 * update
    torch.testing.assert_close(matrix.detach(), expected, atol=1e-5, rtol=1e-4)
    assert torch.equal(vector, twin)
    assert torch.equal(idle, rested)  # it had no gradient
    assert {*optimizer.state_dict()["state"]} == {0, 1}
