import torch
torch.set_num_threads(1)
from blocks import BlockNet
from frames import FrameNet
def load(cls, f, **k):
    c = torch.load(f, weights_only=False); a = c["args"]; n = cls(**k(a)) if callable(k) else None
    return c, a
p = torch.load("pol_u_final.pt", weights_only=False); a = p["args"]; f = torch.load("fr_a_final.pt", weights_only=False)
polar = BlockNet(depth=a["depth"], power=0); polar.load_state_dict(p["ema"]); fr = FrameNet(); fr.load_state_dict(f["ema"])
for dt in (torch.float32, torch.float64):
    torch.manual_seed(0); polar.to(dt); fr.to(dt); A = torch.randn(50, 7, 5, dtype=dt); U = torch.linalg.qr(torch.randn(50, 7, 7, dtype=dt))[0]; V = torch.linalg.qr(torch.randn(50, 5, 5, dtype=dt))[0]
    with torch.no_grad():
        w = polar.answer_only(A); rel = lambda x, y: ((x - y).norm() / y.norm()).item()
        print(dt, "polar: rotations", rel(polar.answer_only(U @ A @ V.mT), U @ w @ V.mT), "transposition", rel(polar.answer_only(A.mT), w.mT), "scale", rel(polar.answer_only(1e3 * A), w))
        S = torch.randn(50, 6, 6, dtype=dt); S = S + S.mT; P = torch.randperm(6); d, q, _ = fr.solve(S, 1e-4); d2, q2, _ = fr.solve(S[:, P][:, :, P], 1e-4)
        print("   frames: permutation", rel(d2, d), rel((q2 * q[:, P]).sum(1).abs(), torch.ones(50, 6, dtype=dt)), "scale", rel(fr.solve(1e3 * S, 1e-4)[0], 1e3 * d), "shift (vectors)", rel((fr.forward(S + 3 * torch.eye(6, dtype=dt), 9)[1] * fr.forward(S, 9)[1]).sum(1).abs(), torch.ones(50, 6, dtype=dt)))
        R = torch.linalg.qr(torch.randn(50, 6, 6, dtype=dt))[0]; a1 = list(fr.frames(S, 5))[-1][0]; a2 = list(fr.frames(R @ S @ R.mT, 5, q=R))[-1][0]; print("   frames: rotation with its frame", rel(a2, R @ a1))
        for bad in (torch.zeros(2, 3, 3), torch.ones(2, 3, 3), torch.eye(4).expand(2, 4, 4), torch.tensor([[[0., 1], [1, 0]]]), torch.ones(1, 1, 1), 1e-30 * torch.ones(1, 2, 2), torch.full((1, 3, 3), float("nan")), torch.diag_embed(torch.tensor([[1., 2, 3, 4, 5]]))):
            bad = bad.to(dt).contiguous(); d, q, u = fr.solve(bad, 1e-4); w = polar.answer_only(bad); print("   ", tuple(bad.shape), "values", d[0].tolist()[:4], "loops", u[0].item(), "orth", (q[0].T @ q[0] - torch.eye(bad.shape[-1], dtype=dt)).abs().max().item(), "polar finite", bool(w.isfinite().all()))
