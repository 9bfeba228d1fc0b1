"""eval_blocks.py CKPT [N]: strict scores in one pass and looped, float64 and float32; rectangular pseudo-inverses."""
import sys, time, torch, numpy as np
torch.set_num_threads(1)
from blocks import BlockNet
from scores import row, p1000
ck = torch.load(sys.argv[1], weights_only=False); a = ck["args"]; N = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
net = BlockNet(blocks=a["blocks"], heads=a["heads"], depth=a["depth"], tied=bool(a["tied"]), hidden=a["hidden"], power=a["power"]).double(); net.load_state_dict(ck["ema"])
rng = np.random.default_rng(2024); print(sys.argv[1], "step", ck["step"], "cpu", round(ck["cpu"]), "params", sum(w.numel() for w in net.parameters()))
def score(A, X):  # inverse: ||P M - I|| / n ; polar: W^T W - I
    return net.double().defect(A, X.double())
for shape in ((2, 2), (3, 3), (4, 4), (5, 5), (8, 8), (10, 10), (15, 15), (20, 20), (30, 30), (6, 4), (4, 7), (20, 10)):
    n = min(N, 2000) if max(shape) >= 20 else N; A = torch.from_numpy(rng.uniform(-10, 10, (n, *shape))); out = []
    with torch.no_grad():
        for dt in (torch.float64, torch.float32):
            X = net.to(dt)(A.to(dt))[-1]; out.append(row(score(A, X)))
        X, d, used = net.double().solve(A, 3e-3)
        out.append("looped64 " + row(score(A, X)) + f" passes mean {used.double().mean():.2f} max {used.max()}")
        X, d, used = net.float().solve(A.float(), 3e-3); out.append("looped32 " + row(score(A, X)))
    if a["power"] == -1: R = p1000(A); X = net.double().solve(R, 1e-3)[0]; out.append("P1000 in and out, looped " + row(score(R, p1000(X))))
    print(f"{shape[0]}x{shape[1]}", " | ".join(out), flush=True)
