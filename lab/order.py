import torch
torch.set_num_threads(1)
from frames import FrameNet, pairs
f = torch.load("fr_a_final.pt", weights_only=False); fr = FrameNet().double(); fr.load_state_dict(f["ema"])
torch.manual_seed(0); A = torch.randn(200, 10, 10, dtype=torch.float64); A = A + A.mT
with torch.no_grad():
    off = lambda g: ((g.square().sum((1, 2)) - g.diagonal(dim1=1, dim2=2).square().sum(1)).clamp_min(0) / g.square().sum((1, 2))).sqrt()
    print("median off after each loop:", " ".join(f"{off(g).median():.1e}" for _, g in fr.frames(A, 14)))
    print("worst  off after each loop:", " ".join(f"{off(g).max():.1e}" for _, g in fr.frames(A, 14)))
    # psi beside Jacobi's t / u over u for one pair (n = 2), and in a crowd: n = 10 frames along the way
    print("pair alone: tan(2 theta) = 2 G / gap; u, E / sqrt-free mixing, Jacobi's tan(theta)")
    for u in (.01, .05, .1, .2, .3, .5, .7, .9, 1.):
        s, gap = u, 1 - u; g = torch.tensor([[[gap, s], [s, 0.]]], dtype=torch.float64); e = fr.layer.mixing(g)[0, 0].item(); t = 2 * s / (gap + (gap**2 + 4 * s**2) ** .5); print(f"  u {u}: learned |E| {abs(e):.4f} (psi {abs(e)/u:.3f}), Jacobi {t:.4f} ({t/u:.3f})")
    for i, (q, g) in enumerate(fr.frames(A, 7)):
        own = g.diagonal(dim1=1, dim2=2); flat, _, minus, _ = pairs(10, "cpu", g.dtype); s = g.flatten(1)[:, flat].abs(); u = s / ((own @ minus).abs() + s); e = fr.layer.mixing(g).abs(); r = e / u; print(f"  loop {i}: mean u {u.mean():.3f}; psi by u <.05 {r[u<.05].mean():.2f}, .05-.2 {r[(u>=.05)&(u<.2)].mean():.2f}, .2-.5 {r[(u>=.2)&(u<.5)].mean():.2f}, >.5 {r[u>=.5].mean():.2f}; |E|_F {(2*e.square().sum(1)).sqrt().mean():.2f}")
