"""eval_frames.py CKPT [N] [tolerance]: strict scores of looped frames (float32 and float64), loops used, time beside eigh."""
import sys, time, torch, numpy as np
torch.set_num_threads(1)
from frames import FrameNet
from scores import eig_scores, row, p1000
ck = torch.load(sys.argv[1], weights_only=False); a = ck["args"]; N = int(sys.argv[2]) if len(sys.argv) > 2 else 2000; tol = float(sys.argv[3]) if len(sys.argv) > 3 else 2e-3
net = FrameNet(hidden=a["hidden"], polish=a["polish"]).double(); net.load_state_dict(ck["ema"])
rng = np.random.default_rng(2024); print(sys.argv[1], "step", ck["step"], "cpu", round(ck["cpu"]), "examples", ck["seen"], "params", sum(w.numel() for w in net.parameters()), "tolerance", tol)
for n in (2, 3, 4, 5, 8, 10, 15, 20, 30):
    B = N if n < 15 else min(N, 2000); M = rng.uniform(-10, 10, (B, n, n)); A = torch.from_numpy(np.tril(M) + np.tril(M, -1).transpose(0, 2, 1)); out = []
    for dt in (torch.float32, torch.float64):
        d, q, used = net.to(dt).solve(A.to(dt), tol); e, v = eig_scores(A, d, q); out.append(f"{'f32' if dt == torch.float32 else 'f64'} vectors {row(e)} values {row(v)}")
    R = p1000(A); d, q, u2 = net.double().solve(R, 1e-4); e, v = eig_scores(R, p1000(d), p1000(q)); out.append(f"P1000 in and out vectors {row(e)} values {row(v)}")
    print(f"{n}x{n} | " + " | ".join(out) + f" | loops mean {used.double().mean():.1f} max {used.max()}", flush=True)
